#!/bin/sh
# Adds packages to a Debian image, in a container of it. What lies in /tmp/bot-bottle came with this script and goes
# with it: ca.pem, when it is not empty, is the host's own, for a mirror behind a TLS-opening proxy.
# usage: install.sh PACKAGE…
set -eu
export DEBIAN_FRONTEND=noninteractive APT_CONFIG=/tmp/bot-bottle/apt.conf
: >"$APT_CONFIG"
if [ -s /tmp/bot-bottle/ca.pem ]; then
  echo 'Acquire::https::CaInfo "/tmp/bot-bottle/ca.pem";' >"$APT_CONFIG"
fi
apt-get --quiet update
apt-get --quiet --yes upgrade
apt-get --quiet --yes install --no-install-recommends "$@"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' | head -n 1)
/tmp/bot-bottle/gitleaks.sh "$mirror"
apt-get clean
# every image would have the same
rm -f /etc/ssh/ssh_host_*
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /tmp/bot-bottle
