#!/bin/bash
#===- clang_tidy.sh - clang-tidy over what changed -------------------------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# usage: tools/clang_tidy.sh BUILD
#
# Runs clang-tidy (.clang-tidy) over every source file that was built in the
# folder BUILD. A file found clean is remembered, under a hash of it and of all
# that it includes from the project, in ~/.cache/edbc/clang-tidy; it is not
# looked at again until one of these changes.
#
#===------------------------------------------------------------------------===#

set -euo pipefail

if (($# != 1)) || [[ ! -f $1/compile_commands.json ]]; then
  echo "usage: tools/clang_tidy.sh BUILD (a folder configured with Ninja)" >&2
  exit 2
fi
build=$(realpath -- "$1")
cd "$(dirname "$0")/.."
root=$PWD
cache=${XDG_CACHE_HOME:-$HOME/.cache}/edbc/clang-tidy
mkdir -p "$cache"

# What all results depend on besides the files and the compiler's options.
common=$({
  cat .clang-tidy
  dpkg-query -W clang-tidy-22 llvm-22-dev libmlir-22-dev libstdc++-12-dev libgtest-dev
} | sha256sum)

# One line for each source of the project: it and all that it includes from the
# project, with tabs between, as Ninja recorded while building.
listSources() {
  ninja -C "$build" -t deps | awk -v build="$build/" -v root="$root/" '
    function flush() { if (source ~ /\.cpp$/) print line; source = line = "" }
    /^[^ ]/ { flush(); isObject = $1 ~ /\.o:$/ }
    /^    / && isObject {
      file = substr($0, 5)
      if (file !~ /^\//) file = build file
      while (sub(/[^\/]+\/\.\.\//, "", file)) {}
      if (index(file, root) != 1) next
      if (line == "" && index(file, build) != 1) source = file
      line = line (line == "" ? "" : "\t") file
    }
    END { flush() }'
}

# checkSource LINE
checkSource() {
  local files name key
  IFS=$'\t' read -ra files <<<"$1"
  name=${files[0]#"$root"/}
  key=$({
    echo "$common"
    grep -F -B 1 "\"file\": \"${files[0]}\"" "$build/compile_commands.json" |
      sed "s|$root/||g"
    cat "${files[@]}"
  } | sha256sum | cut -d ' ' -f 1)
  if [[ -e $cache/$key ]]; then
    return 0
  fi
  echo "clang-tidy $name"
  clang-tidy-22 --quiet -p "$build" --warnings-as-errors='*' "${files[0]}" &&
    touch "$cache/$key"
}

export -f checkSource
export build root cache common
sources=$(listSources)
if [[ -z $sources ]]; then
  echo "tools/clang_tidy.sh: nothing was built in $build" >&2
  exit 1
fi
# shellcheck disable=SC2016 # the inner shell expands $1
xargs -d '\n' -P "$(nproc)" -n 1 bash -c 'checkSource "$1"' _ <<<"$sources"

# Forget what was of no use for a month.
find "$cache" -type f -mtime +30 -delete
