"""The commands by which the environment is used, in the order of the README in `compose/`."""

UP = "podman-compose up -d"
FOLLOW = "podman-compose logs -f route-switcher"
BREAK = "podman-compose exec primary ip link set eth0 down"
MEND = "podman-compose exec primary ip link set eth0 up"
DOWN = "podman-compose down"

COMMANDS = (UP, FOLLOW, BREAK, MEND, DOWN)
