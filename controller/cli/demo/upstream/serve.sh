#!/bin/sh
# A git server over ssh, alone in a container: `serve.sh FOLDER PORT`, with host-key, authorized_keys and sshd_config
# in FOLDER. Makes a bare repository with one commit, and prints "ready" once sshd listens.
set -eu
folder=$1 port=$2
repository=$HOME/app.git
work=$(mktemp -d)

git init --quiet --bare --initial-branch=main "$repository"
git clone --quiet "$repository" "$work" 2>/dev/null
echo "The upstream of the demonstration." >"$work/README.md"
git -C "$work" add README.md
git -C "$work" -c user.name=Upstream -c user.email=upstream@demo.example commit --quiet --message "Begin"
git -C "$work" push --quiet origin main
rm -rf "$work"

/usr/sbin/sshd -D -e -f "$folder/sshd_config" &
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.02; done
echo ready
wait
