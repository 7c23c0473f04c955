"""The style of our pages: light and dark, wide and narrow, and on paper.

Every colour of a bar stands out from its rail by 3 to 1 at least, and every text from its ground by
4.5 to 1 (WCAG 2.1, 1.4.3 and 1.4.11). On paper the colours are those of the light page.
"""

_LIGHT = """--ink: #1b1f24; --soft: #4f5963; --paper: #fff; --rail: #eef1f4; --rule: #c9d1d9;
  --link: #0b57a4; --dead: #c62828; --brown: #9a5b00; --active: #2e7d46; --seen: #6a1b9a;
  --unknown: #616b76; --apart: #0b6b8a; --target: #fff3c4;"""

_DARK = """--ink: #e6edf3; --soft: #a3aeb9; --paper: #11151a; --rail: #1f262e; --rule: #3d4854;
  --link: #7cb8ff; --dead: #ff6b60; --brown: #ffb340; --active: #56c27a; --seen: #d79bff;
  --unknown: #9aa5b1; --apart: #5ccbe8; --target: #3a3312;"""

STYLE = f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
* {{ box-sizing: border-box; }}
body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 76rem; margin: 0 auto; padding: 1.5rem; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; }} h2 {{ font-size: 1.2rem; margin: 2.2rem 0 .6rem; }}
a {{ color: var(--link); }} .soft, footer {{ color: var(--soft); font-size: .9rem; }}
.lead {{ font-size: 1.1rem; max-width: 60rem; }}

figure {{ margin: 1rem 0; }}
.timeline {{ display: grid; gap: .6rem; }}
.lane {{ display: grid; grid-template-columns: 9rem 1fr; gap: .2rem .8rem; align-items: start; }}
.name {{ line-height: 1.35; }}
.rows {{ position: relative; display: grid; gap: 2px; min-width: 0; }}
.row {{ position: relative; height: 22px; background: var(--rail); border-radius: 2px; }}
.row.low {{ height: 9px; }}
.mark {{ position: absolute; bottom: 0; height: 100%; min-width: 3px; border-radius: 1px;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; forced-color-adjust: none; }}
.dead {{ background: repeating-linear-gradient(45deg,
  var(--dead) 0 5px, color-mix(in srgb, var(--dead) 72%, var(--paper)) 5px 8px); }}
.brown {{ height: 55%; background: repeating-linear-gradient(90deg,
  var(--brown) 0 3px, color-mix(in srgb, var(--brown) 45%, var(--paper)) 3px 6px); }}
.active {{ background: var(--active); }}
.seen {{ background: repeating-linear-gradient(0deg,
  var(--seen) 0 4px, color-mix(in srgb, var(--seen) 60%, var(--paper)) 4px 7px); }}
.unknown {{ background: radial-gradient(circle, var(--unknown) 1.6px, var(--rail) 1.7px)
  0 0 / 6px 6px; border: 1px solid var(--unknown); }}
.apart {{ background: repeating-linear-gradient(-45deg,
  var(--apart) 0 2px, var(--rail) 2px 6px); border: 1px solid var(--apart); }}
.row a:focus {{ outline: none; }}
.row a:focus .mark, .row a:hover .mark {{ outline: 2px solid var(--ink); outline-offset: 1px;
  z-index: 2; }}
.tip {{
  position: absolute; z-index: 3; left: 0; right: 0; top: calc(100% + 4px); height: 1px;
  overflow: hidden; clip-path: inset(50%); color: var(--ink);
  background: var(--paper); border: 1px solid var(--ink); border-radius: 4px;
  font-size: .9rem; pointer-events: none; }}
.row a:hover .tip, .row a:focus .tip {{ height: auto; clip-path: none; padding: .35rem .6rem; }}
.scale {{ position: relative; height: 2.1rem; border-top: 1px solid var(--rule); min-width: 0; }}
.tick {{ position: absolute; top: 0; width: 0; font-size: .85rem; color: var(--soft); }}
.tick::before {{ content: ""; display: block; height: 5px; width: 1px; background: var(--soft); }}
.tick.last::before {{ margin-left: -1px; }}
.tick span {{ position: absolute; left: 0; white-space: nowrap; }}
.tick.between span {{ transform: translateX(-50%); }} .tick.last span {{ left: auto; right: 0; }}
.legend {{ list-style: none; padding: 0; margin: .4rem 0; display: flex; flex-wrap: wrap;
  gap: .3rem 1.4rem; }}
.legend li {{ display: flex; gap: .5rem; align-items: center; }}
.swatch {{ position: relative; flex: none; width: 1.6rem; height: 1rem; background: var(--rail); }}
.swatch .mark {{ width: 100%; }} .swatch .active {{ height: 50%; }}

table {{ border-collapse: collapse; width: 100%; margin: .6rem 0; }}
caption {{ text-align: left; color: var(--soft); padding: .2rem 0; }}
th, td {{ padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top; }}
th {{ font-weight: 600; }} thead th {{ color: var(--soft); }} tbody th {{ font-weight: inherit; }}
tr {{ border-bottom: 1px solid var(--rule); }} .n {{ font-variant-numeric: tabular-nums; }}
tr:target {{ background: var(--target); }}
table.short {{ width: auto; }} .sub {{ padding-left: 1.2rem; }}
pre {{ white-space: pre-wrap; background: var(--rail); padding: 1rem; }}
summary {{ cursor: pointer; }}

@media (min-width: 45.01rem) {{ tbody .n {{ white-space: nowrap; }} }}
@media (max-width: 45rem) {{
  body {{ padding: 1rem; }} .lane {{ grid-template-columns: 1fr; }} .axis .name {{ display: none; }}
  .tick.odd span {{ display: none; }}
  .blocks, .blocks tbody, .blocks caption {{ display: block; }}
  .blocks thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }}
  .blocks tbody tr {{ display: block; padding: .4rem 0; }}
  .blocks tbody th, .blocks tbody td {{ display: grid; grid-template-columns: 7rem 1fr; gap: .6rem;
    padding: .05rem 0; }}
  .blocks tbody th {{ font-weight: 600; }}
  .blocks [data-head]::before {{ content: attr(data-head); color: var(--soft);
    font-weight: normal; }}
  .blocks tbody th:not([data-head]) {{ display: block; }}
}}
@media print {{
  :root {{ color-scheme: light; {_LIGHT} }}
  body {{ max-width: none; padding: 0; font-size: 11pt; }} .tip, .screen {{ display: none; }}
  tr, .lane, figure {{ break-inside: avoid; }} h2, caption {{ break-after: avoid; }}
  a {{ color: inherit; text-decoration: none; }}
}}
"""
