#!/usr/bin/env bash
# Makes this machine able to build and test: system packages, the Rust toolchain, RocksDB. Says
# nothing and takes a moment when everything is there. Downloads no compiler of its own. Programs that
# only some targets need are named as arguments.
set -euo pipefail
tools=("$@")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. deploy/env.sh

say() { echo "setup: $*" >&2; }
die() {
    say "$@"
    exit 1
}

# ---- system packages: a C++20 compiler for RocksDB, libclang for its bindings, OpenSSL for Kafka's client ----

has_cxx20() {
    local test='#if __cplusplus < 202002L
#error
#endif
#include <concepts>'
    "${CXX:-g++}" -std=c++20 -x c++ -fsyntax-only - <<<"$test" 2>/dev/null
}

has_libclang() {
    [[ -n ${LIBCLANG_PATH:-} ]] || compgen -G '/usr/lib*/llvm*/lib*/libclang[-.][s0-9]*' >/dev/null ||
        compgen -G '/usr/lib*/libclang[-.][s0-9]*' >/dev/null ||
        compgen -G '/usr/lib/*/libclang[-.][s0-9]*' >/dev/null ||
        compgen -G '/usr/local/lib*/libclang[-.][s0-9]*' >/dev/null
}

has_clang_headers() {
    [[ -n ${LIBCLANG_PATH:-} ]] || compgen -G '/usr/lib*/llvm*/lib*/clang/*/include/stdbool.h' >/dev/null ||
        compgen -G '/usr/lib*/clang/*/include/stdbool.h' >/dev/null ||
        compgen -G '/usr/local/lib*/clang/*/include/stdbool.h' >/dev/null
}

# The version of libclang that this distribution prefers.
libclang_version() {
    apt-cache depends libclang-dev 2>/dev/null | sed -n 's/.*Depends: libclang-\([0-9]*\)-dev.*/\1/p' | head -n 1
}

has_openssl() {
    [[ -n ${OPENSSL_DIR:-} ]] || compgen -G '/usr/include/openssl/ssl.h' >/dev/null ||
        compgen -G '/usr/local/include/openssl/ssl.h' >/dev/null
}

missing() {
    command -v make >/dev/null || echo make
    has_cxx20 || echo cxx
    command -v ar >/dev/null || echo ar
    has_libclang && has_clang_headers || echo libclang
    has_openssl && command -v pkg-config >/dev/null || echo openssl
    local tool
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || echo "$tool"
    done
}

# Debian's names for what is missing.
packages() {
    local version need
    for need in "$@"; do
        case $need in
        make) echo make ;;
        cxx) echo g++ ;;
        ar) echo binutils ;;
        openssl) echo libssl-dev openssl pkg-config ;;
        java) echo default-jre-headless ;;
        mvn) echo maven ;;
        libclang)
            version=$(libclang_version)
            echo "libclang1-${version:-14} libclang-common-${version:-14}-dev"
            ;;
        *) echo "$need" ;;
        esac
    done
}

system_packages() {
    local need names
    mapfile -t need < <(missing)
    ((${#need[@]})) || return 0

    if ! command -v apt-get >/dev/null; then
        die "please install with your package manager, then run this again:" \
            "a C++20 compiler (GCC 11 or newer), make, binutils, libclang and OpenSSL with their headers. Missing: ${need[*]}"
    fi
    if [[ $(id -u) != 0 ]]; then
        names=$(packages "${need[@]}" | tr '\n' ' ')
        die "please run this, then try again: sudo apt-get update && sudo apt-get install -y --no-install-recommends $names"
    fi
    apt-get update -qq
    read -ra names <<<"$(packages "${need[@]}" | tr '\n' ' ')"
    say "installing ${names[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${names[@]}" </dev/null >/dev/null
    mapfile -t need < <(missing)
    ((${#need[@]} == 0)) || die "still missing after installing ${names[*]}: ${need[*]}"
}

# ---- the Rust toolchain ----

toolchain() {
    local wanted found
    wanted=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
    command -v cargo >/dev/null || die "please install Rust $wanted or newer (with rustup, or your distribution's cargo and rustc)"

    # `cargo` may be rustup's, which would otherwise fetch the toolchain by itself.
    if ! found=$(RUSTUP_AUTO_INSTALL=0 rustc --version 2>/dev/null); then
        die "Rust $wanted is not installed. Please run: rustup toolchain install $wanted --profile minimal -c clippy,rustfmt" \
            "(or export RUSTUP_TOOLCHAIN=stable if your stable one is $wanted or newer)"
    fi
    found=${found#rustc }
    found=${found%% *}
    [[ $(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1) == "$wanted" ]] ||
        die "Rust $found is too old: please install $wanted or newer"
}

# ---- RocksDB: six large files take a fifth of the time that 342 small ones do ----

# The folder of a dependency's source, as cargo unpacked it.
crate_dir() {
    sed -n 's/.*"manifest_path":"\([^"]*\/'"$1"'[^"\/]*\)\/Cargo.toml".*/\1/p' <<<"$2" | head -n 1
}

compile_rocksdb() {
    local work=$1 metadata rocksdb lz4 zstd source file size total=0 done=0 parts=6
    metadata=$(cargo metadata --format-version 1 | grep -o '"manifest_path":"[^"]*"')
    rocksdb=$(crate_dir librocksdb-sys "$metadata")
    lz4=$(crate_dir lz4-sys "$metadata")
    zstd=$(crate_dir zstd-sys "$metadata")
    source=$rocksdb/rocksdb

    # As in the crate's build.rs, for the features lz4 and zstd; their code comes from their own crates.
    local flags=(
        -std=c++20 -O2 -fPIC -ffunction-sections -fdata-sections -w -include cstdint
        ${suyuan_rocksdb_march:+"-march=$suyuan_rocksdb_march"}
        -DNDEBUG=1 -DHAVE_ALIGNED_NEW -DHAVE_UINT128_EXTENSION -DLZ4=1 -DZSTD=1
        -DOS_LINUX -DROCKSDB_PLATFORM_POSIX -DROCKSDB_LIB_IO_POSIX -DROCKSDB_SCHED_GETCPU_PRESENT
        -DROCKSDB_AUXV_GETAUXVAL_PRESENT -DROCKSDB_FALLOCATE_PRESENT -DROCKSDB_RANGESYNC_PRESENT
        "-I$source/include" "-I$source" "-I$rocksdb" "-I$lz4/liblz4/lib" "-I$zstd/zstd/lib"
    )

    # Neighbours in the list stay together; each part has about the same number of bytes.
    local files=()
    while read -r file; do
        [[ -z $file || $file == util/build_version.cc ]] && continue
        files+=("$file")
        total=$((total + $(stat -c %s "$source/$file")))
    done <"$rocksdb/rocksdb_lib_sources.txt"
    for file in "${files[@]}"; do
        size=$(stat -c %s "$source/$file")
        echo "#include \"$file\"" >>"$work/part$((done * parts / total)).cc"
        done=$((done + size))
    done
    echo "#include \"$rocksdb/build_version.cc\"" >>"$work/part$((parts - 1)).cc"

    printf '%s\0' "$work"/part*.cc |
        xargs -0 -P "$(nproc)" -I{} "${CXX:-g++}" "${flags[@]}" -c {} -o {}.o
    mkdir "$work/done"
    ar crs "$work/done/librocksdb.a" "$work"/part*.o
}

rocksdb() {
    local work start=$SECONDS failed=$suyuan_rocksdb.failed
    [[ $(uname -s) == Linux ]] || return 0 # elsewhere cargo compiles it
    [[ -n $suyuan_rocksdb_version ]] || return 0 # no RocksDB in Cargo.lock
    [[ -f $suyuan_rocksdb/librocksdb.a || -n ${ROCKSDB_LIB_DIR:-} ]] && return 0
    if [[ -f $failed ]]; then
        say "RocksDB could not be compiled beforehand (why: $failed; delete it to try again), so cargo compiles it: slow"
        return 0
    fi

    mkdir -p "$suyuan_cache"
    if command -v flock >/dev/null; then # another set-up may be at it
        exec 9>"$suyuan_cache/rocksdb.lock"
        flock 9
        [[ -f $suyuan_rocksdb/librocksdb.a ]] && return 0
    fi
    say "compiling RocksDB $suyuan_rocksdb_version, once for this machine: 5 minutes on two cores"
    cargo fetch # by itself, so that a network that is down is not taken for a compiler's failure
    work=$(mktemp -d "$suyuan_cache/rocksdb-work.XXXXXX")
    trap "rm -rf '$work'" EXIT
    # In a shell of its own: `set -e` is off inside a function that stands in a condition.
    set +e
    (set -e; compile_rocksdb "$work") >"$work/log" 2>&1
    local status=$?
    set -e
    if ((status == 0)) && { mv -T "$work/done" "$suyuan_rocksdb" 2>/dev/null || [[ -f $suyuan_rocksdb/librocksdb.a ]]; }; then
        say "RocksDB compiled in $((SECONDS - start)) s: $suyuan_rocksdb"
        say "when you call cargo yourself, run this first at the top of the checkout: . deploy/env.sh"
    else
        mv "$work/log" "$failed"
        say "compiling RocksDB beforehand failed (why: $failed); cargo will compile it instead, which takes half an hour"
    fi
}

system_packages
toolchain
rocksdb
