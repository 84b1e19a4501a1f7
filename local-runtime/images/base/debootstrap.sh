#!/bin/sh
# Makes a Debian root file system in a new folder. Runs as root in mount and process namespaces of its own, so that
# whatever ends it leaves neither mounts nor processes.
# usage: debootstrap.sh SUITE MIRROR FOLDER PACKAGE…
set -eu
suite=$1 mirror=$2 root=$3
shift 3
packages=$(echo "$*" | tr ' ' ',')

debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror"

# debootstrap knows the release as it was last pressed; security updates lie beside it.
echo "deb ${mirror%/}-security $suite-security main" >>"$root/etc/apt/sources.list"
export DEBIAN_FRONTEND=noninteractive
if chroot "$root" apt-get --quiet update; then
  chroot "$root" apt-get --quiet --yes upgrade
else
  echo "W: no security updates: ${mirror%/}-security does not answer"
  sed --in-place '$d' "$root/etc/apt/sources.list"
fi
chroot "$root" /bin/sh -s "$mirror" <"$(dirname "$0")/gitleaks.sh"
# every image would have the same
rm -f "$root"/etc/ssh/ssh_host_*
