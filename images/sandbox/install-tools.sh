#!/bin/sh
# Installs what the sandbox image has besides: what takes the types from TypeScript, extended attributes of files, and a sudo
# for scripts that call it.
# Usage: install-tools.sh FOLDER   (the folder with sudo)
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends attr

# The distribution's esbuild serves where the package index cannot be reached; an old one does not know the newest syntax.
if ! npm install --global --no-audit --no-fund --fetch-retries 0 --fetch-timeout 60000 esbuild@0.28; then
	echo "The package index cannot be reached: esbuild comes from the distribution."
	apt-get install -y --no-install-recommends esbuild
fi
echo 'let answer: number = 42' | esbuild --loader=ts >/dev/null

install -m 0755 "$1/sudo" /usr/local/bin/sudo

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /root/.npm /root/.cache
