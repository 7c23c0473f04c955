"""What a browser shows of a page, and what is wrong with that for one who reads it."""

from typing import Any

from support.browser import Browser

_WRONG = r"""
(() => {
  const wrong = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    wrong.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`);
  const said = (node) => node.textContent.trim().slice(0, 60);
  const hidden = (node) => node.closest('.tip, style, title, head, thead, .tick.odd, details')
    || getComputedStyle(node).display === 'none';
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, parent = node.parentElement;
    if (!node.data.trim() || hidden(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) wrong.push(`not to be seen: ${said(node)}`);
      if (box.left < -0.5 || box.right > width + 0.5)
        wrong.push(`beyond the edge: ${said(node)}: ${box.left} to ${box.right} of ${width}`);
    }
    for (let out = parent; out !== document.body; out = out.parentElement) {
      const style = getComputedStyle(out);
      if (style.overflow !== 'visible' && (out.scrollWidth > out.clientWidth + 1))
        wrong.push(`cut: ${said(node)}`);
      if (style.visibility === 'hidden' || style.opacity === '0')
        wrong.push(`hidden: ${said(node)}`);
    }
    const names = getComputedStyle(parent);
    if (names.textOverflow === 'ellipsis') wrong.push(`shortened: ${said(node)}`);
  }
  for (const row of document.querySelectorAll('tbody tr')) {
    const box = row.getBoundingClientRect();
    if (box.height < 10 || box.width < 100) wrong.push(`a row without room: ${said(row)}`);
  }
  const ticks = [...document.querySelectorAll('.scale')].map(scale =>
    [...scale.querySelectorAll('.tick > span')].map(t => t.getBoundingClientRect())
      .filter(box => box.width > 0));
  for (const scale of ticks)
    scale.forEach((box, n) => {
      if (n && box.left < scale[n - 1].right + 2) wrong.push(`two marks overlap: ${n}`);
    });
  return wrong;
})()
"""

_CONTRAST = r"""
(() => {
  const canvas = document.createElement('canvas').getContext('2d');
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const ratio = (one, other) => {
    const [a, b] = [light(rgb(one)), light(rgb(other))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const root = getComputedStyle(document.documentElement);
  const colour = (name) => root.getPropertyValue('--' + name).trim();
  const found = {};
  for (const name of ['ink', 'soft', 'link'])
    found[name] = Math.min(ratio(colour(name), colour('paper')),
      name === 'link' ? 99 : ratio(colour(name), colour('target')));
  for (const name of ['dead', 'brown', 'active', 'seen', 'unknown', 'apart'])
    found[name] = ratio(colour(name), colour('rail'));
  return found;
})()
"""


def what_is_wrong(browser: Browser) -> list[str]:
    """Texts that are cut, hidden or beyond the edge, rows without room, and marks that overlap."""
    found: list[str] = browser.value(_WRONG)
    return found


def contrasts(browser: Browser) -> dict[str, float]:
    """Of each colour of a text to its ground, and of each colour of a bar to its rail."""
    found: dict[str, float] = browser.value(_CONTRAST)
    return found


def background(browser: Browser, selector: str) -> Any:
    """The computed background of the first element that matches."""
    return browser.value(
        f"(s => s.backgroundColor + ' ' + s.backgroundImage)"
        f"(getComputedStyle(document.querySelector({selector!r})))"
    )
