#!/bin/sh
# Runs the CLI of this checkout. Brings node_modules when it is missing or older than the lockfile, and
# runs Node 24 from there, so that a machine with an older Node works. Works from any folder and through links.
set -eu

self=$0
while [ -L "$self" ]; do
  target=$(readlink -- "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname -- "$self")/$target ;;
  esac
done
root=$(CDPATH='' cd -- "$(dirname -- "$self")" && pwd -P)

fail() {
  printf 'bb: %s\n' "$@" >&2
  exit 1
}

# npm writes this file last, so an installation that was cut off counts as none.
installed=$root/node_modules/.package-lock.json
is_installed() {
  [ -f "$installed" ] && ! [ "$root/package-lock.json" -nt "$installed" ]
}

install() {
  command -v npm >/dev/null 2>&1 ||
    fail "npm is needed once to install what bb is made of, and it is not on PATH." "Install Node.js 20 or newer with npm, then run bb again."
  # Two first runs at once must not install over each other.
  lock=$root/.bb-install.lock
  waited=0
  until mkdir "$lock" 2>/dev/null; do
    [ "$waited" -lt 300 ] || fail "another bb has been installing for five minutes; if none runs, remove $lock"
    waited=$((waited + 1))
    sleep 1
  done
  trap 'rmdir "$lock" 2>/dev/null' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if ! is_installed; then
    printf 'bb: installing dependencies with npm ci (once, and after an update) …\n' >&2
    (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2) ||
      fail "npm ci failed; its words are above." "bb needs the packages of package-lock.json; check the network or npm's registry setting and run bb again."
    # Right after a clone both may carry the same time; npm may also leave an untouched file alone.
    touch "$installed"
  fi
  rmdir "$lock"
  trap - EXIT INT TERM
}

is_installed || install

node=$root/node_modules/.bin/node
if ! [ -x "$node" ]; then
  node=$(command -v node) || fail "no Node.js for this platform came with npm ci, and none is on PATH; bb needs Node.js 24."
  major=$("$node" -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 24 ] || fail "bb needs Node.js 24 or newer; $node is $("$node" --version)."
fi

# Compiled code is kept by content, so it is never stale.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/node_modules/.cache/bb}
export NODE_COMPILE_CACHE
exec "$node" --disable-warning=ExperimentalWarning "$root/controller/cli/main.ts" "$@"
