# What every cargo call needs. Source it at the top of the checkout (`. deploy/env.sh`); the Makefile
# does so for its own calls. Plain sh; sets variables and touches nothing.

if [ ! -f deploy/env.sh ]; then
    echo "deploy/env.sh: source it at the top of the checkout" >&2
    return 1
fi

suyuan_cache="${XDG_CACHE_HOME:-$HOME/.cache}/suyuan"

# One target directory for all checkouts, so that dependencies are compiled once per machine.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$suyuan_cache/target}"
# Cargo tells checkouts apart by nothing but file times, so one could be handed what another built.
# Both variables hold the checkout's path and become part of what cargo and clippy compare.
export RUSTC_WORKSPACE_WRAPPER="$PWD/deploy/rustc.sh"
export CLIPPY_CONF_DIR="$PWD"

# RocksDB as deploy/setup.sh compiles it. Change the flags' name when the way of compiling changes.
suyuan_rocksdb_march=
case "$(uname -sm)" in
"Linux x86_64") suyuan_rocksdb_march=x86-64-v2 ;; # SSE4.2: without it checksums are slow
esac
suyuan_rocksdb_version="$(sed -n '/^name = "librocksdb-sys"$/{n;s/^version = "\(.*\)"$/\1/p;}' Cargo.lock)"
suyuan_rocksdb="$suyuan_cache/rocksdb-$suyuan_rocksdb_version-${suyuan_rocksdb_march:-$(uname -m)}"

case "${ROCKSDB_LIB_DIR:-}" in
"" | "$suyuan_cache"/rocksdb-*)
    if [ -f "$suyuan_rocksdb/librocksdb.a" ]; then
        export ROCKSDB_LIB_DIR="$suyuan_rocksdb" ROCKSDB_STATIC=1
    else
        unset ROCKSDB_LIB_DIR ROCKSDB_STATIC # cargo compiles RocksDB itself
    fi
    ;;
esac
