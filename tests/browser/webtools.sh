#!/bin/sh
# What checks pages from outside, from npm into .webtools: Firefox's reader mode (Mozilla Readability), the Nu HTML
# checker and axe-core. Installed when that is allowed here, and said loudly when it is not.
cd "$(dirname "$0")/../.." || exit 0
there() {
  command -v node >/dev/null 2>&1 && [ -d .webtools/node_modules/@mozilla/readability ] \
    && [ -d .webtools/node_modules/jsdom ]
}
jar() { command -v java >/dev/null 2>&1 && [ -f .webtools/node_modules/vnu-jar/build/dist/vnu.jar ]; }
axe() { [ -f .webtools/node_modules/axe-core/axe.min.js ]; }
there && jar && axe && exit 0
echo "Installing the reader mode, the HTML checker and axe for the tests (once) ..."
debian() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
wanted=""
{ command -v node && command -v npm; } >/dev/null 2>&1 || wanted="nodejs npm"
command -v java >/dev/null 2>&1 || wanted="$wanted default-jre-headless"
if [ -n "$wanted" ] && debian; then
  # shellcheck disable=SC2086
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted; } >/dev/null 2>&1
fi
mkdir -p .webtools
timeout 180 npm install --no-audit --no-fund --prefix .webtools @mozilla/readability jsdom vnu-jar axe-core >/dev/null 2>&1
there && jar && axe && exit 0
echo "################################################################################" >&2
there || echo "## No reader mode here (node, npm: @mozilla/readability, jsdom): ITS TEST SKIPS." >&2
axe || echo "## No axe here (npm: axe-core): ITS TESTS ARE SKIPPED.                         " >&2
jar || echo "## No HTML checker here (java, npm: vnu-jar): ITS TEST IS SKIPPED.            " >&2
echo "################################################################################" >&2
exit 0
