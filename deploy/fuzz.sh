#!/usr/bin/env bash
# Fuzzes each target for so long with libFuzzer (`make fuzz TIME=seconds TARGET=name`). Works with the stable toolchain: what
# is watched is coverage, by a pass of LLVM that stable has; there is no unsafe code of ours for a sanitizer to watch.
set -euo pipefail

seconds=${1:-60}
wanted=${2:-}
names=$(sed -n 's/^ *Target { name: "\([a-z_]*\)".*/\1/p' tests/fuzz/targets/mod.rs)
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
    echo "make fuzz: TIME=$seconds is not a number of seconds" >&2 && exit 1
fi
if [[ -n $wanted ]] && ! grep -qxF -- "$wanted" <<<"$names"; then
    echo "make fuzz: there is no target $wanted; there are" $names >&2 && exit 1
fi
. deploy/env.sh
host=$(rustc -vV | sed -n 's/^host: //p')
case $host in
*-linux-* | *-apple-*) ;;
*) echo "make fuzz: libFuzzer is not built for $host; Linux and macOS can run it" >&2 && exit 1 ;;
esac

# The name of a target means that build scripts are compiled without the flags.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo build -p suyuan-fuzz --profile fuzz --target "$host" --target-dir "$CARGO_TARGET_DIR/fuzz"
program=$CARGO_TARGET_DIR/fuzz/$host/fuzz/suyuan-fuzz

failed=()
for name in ${wanted:-$names}; do
    work=$CARGO_TARGET_DIR/fuzz/work/$name
    mkdir -p "$work/found" "$work/failed" "tests/fuzz/corpus/$name"
    rm -rf "$work/seeds"
    echo "make fuzz: $name, $seconds s"
    SUYUAN_FUZZ_TARGET=$name SUYUAN_FUZZ_SEEDS=$work "$program" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=1024 \
        -malloc_limit_mb=512 -print_final_stats=1 -verbosity=0 -dict="$work/words.dict" -artifact_prefix="$work/failed/" \
        "$work/found" "tests/fuzz/corpus/$name" "$work/seeds" >"$work/log" 2>&1 || failed+=("$name")
    grep -hE '^(stat::number_of_executed_units|stat::peak_rss_mb)' "$work/log" | sed 's/^stat:://; s/^/  /' || true
    rmdir --ignore-fail-on-non-empty "tests/fuzz/corpus/$name"
    if [[ " ${failed[*]} " == *" $name "* ]]; then
        tail -n 40 "$work/log"
        echo "make fuzz: $name failed; what it read is the newest file in $work/failed. To see it again:"
        echo "  mkdir -p tests/fuzz/corpus/$name && cp $work/failed/FILE tests/fuzz/corpus/$name/"
        echo "  . deploy/env.sh && cargo test --test it fuzz::"
        echo "Once it is mended, leave it there: every \`make test\` reads it again"
    fi
done
((${#failed[@]} == 0)) || { echo "make fuzz: failed: ${failed[*]}" >&2 && exit 1; }
