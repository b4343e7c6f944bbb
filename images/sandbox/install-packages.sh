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
install_packages bash-static build-essential ca-certificates curl file git htop jq less nodejs npm procps ripgrep unzip \
	vim-tiny zip
ln -s vim.tiny /usr/bin/vim

# Fonts for Latin, Greek and Cyrillic with the widths of Arial, Times and Courier, for Chinese, Japanese and Korean, for emoji,
# and one that has a glyph for nearly everything else.
install_packages fonts-liberation fonts-wqy-microhei fonts-symbola fonts-unifont
rm -f /usr/share/fonts/opentype/unifont/unifont_jp.otf /usr/share/fonts/opentype/unifont/unifont_csur.otf \
	/usr/share/fonts/truetype/unifont/unifont_sample.ttf
# Pillow finds fonts by the names of their files, for which most programs say those of Windows.
for face in Sans:arial Serif:times Mono:cour; do
	for style in Regular: Bold:bd Italic:i BoldItalic:bi; do
		ln -s "/usr/share/fonts/truetype/liberation/Liberation${face%:*}-${style%:*}.ttf" \
			"/usr/share/fonts/truetype/${face#*:}${style#*:}.ttf"
	done
done

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
	# The package index's has this name too.
	ln -s ipython3 /usr/bin/ipython
else
	echo "The package index cannot be reached, and this base's Python is not the distribution's own." >&2
	echo "Build where the index answers, or with a base image whose python3 comes from apt." >&2
	exit 1
fi

python3 -c 'import numpy, pandas, matplotlib, PIL, requests, bs4, lxml, yaml, openpyxl, pytest, httpx, seaborn, IPython'

# The shell of short calls: the same bash without a dynamic linker, and its locale in one file instead of twelve.
mkdir -p /usr/lib/clara
mv "$(command -v bash-static)" /usr/lib/clara/bash
localedef --add-to-archive /usr/lib/locale/C.utf8

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /root/.cache
