#!/bin/sh
# Installs the tools and the Python packages of the sandbox image.
# The Python packages come from the package index; where it cannot be reached and the base's Python
# is the distribution's own, they come from the distribution's packages.
# Usage: install-packages.sh FOLDER   (the folder with requirements.txt and debian-packages.txt)
set -eu
lists="$1"
export DEBIAN_FRONTEND=noninteractive

install_packages() {
	apt-get install -y --no-install-recommends "$@"
}

has_distribution_python() {
	case "$(command -v python3 || true)" in
		'' | /usr/bin/* | /bin/*) return 0 ;;
		*) return 1 ;;
	esac
}

package_index_answers() {
	probe="$(mktemp -d)"
	answer=0
	timeout 30 python3 -m pip download --quiet --no-deps --no-cache-dir --retries 0 --timeout 5 \
		--dest "$probe" idna || answer=1
	rm -rf "$probe"
	return "$answer"
}

apt-get update
install_packages bash-static build-essential ca-certificates curl file git jq less nodejs npm procps ripgrep unzip zip

if has_distribution_python; then
	install_packages python3 python3-dev python3-pip python3-venv python-is-python3
	# The image is the environment: nothing else manages its Python.
	rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
fi

if package_index_answers; then
	python3 -m pip install --no-cache-dir --requirement "$lists/requirements.txt"
elif has_distribution_python; then
	echo "The package index cannot be reached: the Python packages come from the distribution."
	# shellcheck disable=SC2046 # one package a line
	install_packages $(cat "$lists/debian-packages.txt")
else
	echo "The package index cannot be reached, and this base's Python is not the distribution's own." >&2
	echo "Build where the index answers, or with a base image whose python3 comes from apt." >&2
	exit 1
fi

# The first import of matplotlib makes a font cache; without one it would be made in every sandbox.
python3 -c 'import numpy, pandas, matplotlib, PIL, requests, bs4, lxml, yaml, openpyxl, pytest, httpx'

# The shell of short calls: the same bash without a dynamic linker, and its locale in one file instead of twelve.
mkdir -p /usr/lib/clara
mv "$(command -v bash-static)" /usr/lib/clara/bash
localedef --add-to-archive /usr/lib/locale/C.utf8

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /root/.cache
