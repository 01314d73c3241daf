#!/bin/sh
# Debian's Chromium for the browser tests: installed when that is allowed here, and said loudly when it is not.
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium for the browser tests (once) ..."
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 && exit 0
fi
echo "################################################################################" >&2
echo "## There is no Chromium here and it could not be installed: THE BROWSER TESTS  ##" >&2
echo "## ARE SKIPPED. On Debian, as root: apt-get install chromium                   ##" >&2
echo "################################################################################" >&2
exit 0
