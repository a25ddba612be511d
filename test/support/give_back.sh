#!/bin/sh
# SPDX-License-Identifier: MIT
# give_back.sh BUILD_DIRECTORY [prepare]
#
# Root's `meson test` compiles and logs like anybody's, and what it leaves would stop the next build of the user whose
# directory this is. Run as a test, before the others and after them, this gives such files to their user: to the one
# who called sudo, else to the owner of the directory. Meson opens its logs before the first test and keeps them open,
# but for the JUnit one, written at the very end: that one is made here, and keeps its owner when it is written.
#
# To anybody but root it says what is in the way, should there be something.
#
# With `prepare` it makes the logs, while the directory is being configured.
set -eu

build=$1
logs=$build/meson-logs

if [ "${2:-}" = prepare ]; then
  for name in testlog testlog-sudo testlog-valgrind; do
    touch "$logs/$name.txt" "$logs/$name.json" "$logs/$name.junit.xml"
  done
  exit 0
fi

me=$(id -u)
if [ "$me" -ne 0 ]; then
  foreign=$(find "$build" -xdev ! -type l ! -user "$me" ! -writable 2>/dev/null || true)
  [ -z "$foreign" ] && exit 0
  echo "$foreign" | head
  echo "these belong to somebody else; to repair: sudo chown -R $me:$(id -g) $build"
  exit 1
fi

user=${SUDO_UID:-$(stat -c %u "$build")}
group=${SUDO_GID:-$(stat -c %g "$build")}
[ "$user" -ne 0 ] || exit 0
for log in "$logs"/*.json; do
  [ ! -e "$log" ] || touch "${log%.json}.junit.xml"
done
find "$build" -xdev -user 0 -exec chown -h "$user:$group" {} +
