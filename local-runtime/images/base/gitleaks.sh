#!/bin/sh
# Installs gitleaks from sid, which alone has one that is new enough, into the Debian that this runs in: nothing else
# comes from there, and the source is gone afterwards.
# usage: gitleaks.sh MIRROR
set -eu
mirror=${1%/}
list=/etc/apt/sources.list.d/sid.list pins=/etc/apt/preferences.d/sid
trap 'rm -f "$list" "$pins"' EXIT
echo "deb $mirror sid main" >"$list"
printf '%s\n' 'Package: *' 'Pin: release n=sid' 'Pin-Priority: 1' '' \
  'Package: gitleaks' 'Pin: release n=sid' 'Pin-Priority: 900' >"$pins"
# What is known of the other sources stays. A mirror may be a snapshot, and sid's index is valid for a week only.
apt-get --quiet update -o Dir::Etc::SourceList="$list" -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 \
  -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
apt-get --quiet --yes install --no-install-recommends gitleaks
version=$(dpkg-query --show --showformat '${Version}' gitleaks)
dpkg --compare-versions "$version" ge 8.26 || { echo "E: gitleaks $version is older than 8.26"; exit 1; }
