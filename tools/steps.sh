# shellcheck shell=bash
#===- steps.sh - what demo.sh and check.sh share ---------------------------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# To be sourced. Goes to the repository's root and defines:
#
#   step TITLE COMMAND...   runs a command as a step: one line, with the time
#   installPackages NAME... installs those Debian packages that are missing
#   buildPackages           what building edbc and its tests needs
#   checkPackages           what tools/check.sh needs besides
#
#===------------------------------------------------------------------------===#

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# The linker, libc and Python come along with these, and so do lit and FileCheck.
# shellcheck disable=SC2034
buildPackages=(g++ cmake ninja-build ccache libmlir-22-dev mlir-22-tools
               llvm-22-dev libgtest-dev libgmock-dev nlohmann-json3-dev)
# shellcheck disable=SC2034
checkPackages=(clang-22 libclang-rt-22-dev clang-tidy-22 clang-format-14
               libbenchmark-dev python3-torch)

# Objects of another checkout on this machine are as good as our own.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true

# Runs a command with its output in a file, which is shown if the command fails.
# On a terminal, the last line of that output tells how far the command is.
# Returns the command's status. (Bash ignores `set -e` in functions whose status
# is tested, as it is here: commands of several parts join them with &&.)
step() {
  local title=$1 start=$SECONDS status=0 ticker='' log
  shift
  log=$(mktemp)
  printf '%-44s' "$title"
  if [[ -t 1 ]]; then
    while sleep 1 && kill -0 $$; do
      printf '\r%-44s%s\033[K' "$title" \
        "$(tail -n 1 "$log" | tr -d '\r' | cut -c 1-35)"
    done 2>/dev/null &
    ticker=$!
  fi
  "$@" >"$log" 2>&1 || status=$?
  if [[ -n $ticker ]]; then
    kill "$ticker"
    wait "$ticker" 2>/dev/null || true
    printf '\r%-44s\033[K' "$title"
  fi
  if ((status == 0)); then
    printf '%4d s\n' $((SECONDS - start))
  else
    printf '%4d s  FAILED\n' $((SECONDS - start))
    cat "$log"
    printf '%s: FAILED (status %d)\n' "$title" "$status"
  fi
  rm -f "$log"
  return "$status"
}

# Installs those of the packages that dpkg doesn't know.
installPackages() {
  local missing=() asRoot=() aptGet installed package
  if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian. Install by hand what corresponds to: $*;" \
      "then follow the steps in README.md." >&2
    return 1
  fi
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" \
    2>/dev/null || true)
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "Packages are missing, and there is neither root nor sudo to install" \
        "them. As root: apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    asRoot=(sudo)
    sudo -v # here, and not while a step hides the question for the password
  fi
  echo "Missing packages: ${missing[*]}"
  aptGet=("${asRoot[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
          -o DPkg::Lock::Timeout=300)
  # A list that can't be read may be of no matter: what counts is the next step.
  step 'Read the lists of packages' "${aptGet[@]}" update --error-on=any || true
  if ! step 'Install the missing packages' \
    "${aptGet[@]}" install --no-install-recommends "${missing[@]}"; then
    echo "The packages could not be installed. edbc is built with LLVM 22 as" \
      "Debian 12 has it (bookworm with bookworm-security)." >&2
    return 1
  fi
}
