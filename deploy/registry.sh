#!/usr/bin/env bash
# A schema registry as a plain process on loopback, for development and tests: Apicurio Registry, which speaks the Confluent
# protocol at /apis/ccompat/v7, and keeps what it is told in memory. It needs Java 17 or newer, and Maven once, to fetch it into
# the user's cache. Nothing is installed, and `stop` ends what `start` began. `start` prints the address for a topology.
#
#   deploy/registry.sh start|stop|status|wipe     wipe stops it and removes its log
#
# What may be set in the environment:
#   SUYUAN_REGISTRY_DIR    folder of its log and pid file (default: registry in the cache)
#   SUYUAN_REGISTRY_PORT   its port on 127.0.0.1 (default 8081)
set -euo pipefail

version=3.0.9 # the 3.3 line needs Java 21
cache="${XDG_CACHE_HOME:-$HOME/.cache}/suyuan"
app="$cache/registry-$version"
dir="${SUYUAN_REGISTRY_DIR:-$cache/registry}"
port="${SUYUAN_REGISTRY_PORT:-8081}"
# Long enough for a machine that is busy compiling.
patience_s=120

say() { echo "registry: $*" >&2; }
die() {
    say "$@"
    exit 1
}

fetch() {
    [[ -d $app ]] && return 0
    command -v mvn >/dev/null || die "please install Maven (Debian: apt-get install maven), then run this again: it fetches Apicurio Registry $version once"
    say "fetching Apicurio Registry $version, once for this machine"
    local work
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/registry-work.XXXXXX")
    (cd "$work" && mvn -q dependency:copy -Dartifact="io.apicurio:apicurio-registry-app:$version:tar.gz:all" -DoutputDirectory="$work" >&2) &&
        mkdir "$work/app" && tar -xzf "$work/apicurio-registry-app-$version-all.tar.gz" -C "$work/app" ||
        { rm -rf "$work"; die "Maven could not fetch Apicurio Registry $version"; }
    # Another start may have been at it too.
    mv -T "$work/app" "$app" 2>/dev/null || true
    rm -rf "$work"
}

# Whether the registry that wrote the pid file is still that process.
runs() {
    local pid
    pid=$(cat "$dir/pid" 2>/dev/null) && [[ -n $pid ]] &&
        tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "-Dsuyuan.registry=$dir "
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# Whether it answers what a registry answers.
answers() {
    local status
    { exec 3<>"/dev/tcp/127.0.0.1/$port" &&
        printf 'GET /apis/ccompat/v7/subjects HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3 &&
        read -r -t 5 status <&3 && exec 3>&-; } 2>/dev/null && [[ $status == *" 200 "* ]]
}

start() {
    command -v java >/dev/null || die "please install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)"
    fetch
    mkdir -p "$dir"
    if ! runs; then
        taken && die "port $port is taken: set SUYUAN_REGISTRY_PORT, and SUYUAN_REGISTRY_DIR with it"
        QUARKUS_HTTP_HOST=127.0.0.1 QUARKUS_HTTP_PORT=$port setsid java -Xmx384m -XX:+UseSerialGC "-Dsuyuan.registry=$dir" \
            -jar "$app/apicurio-registry-app-$version-runner.jar" >"$dir/log" 2>&1 </dev/null &
        echo $! >"$dir/pid"
    fi
    local began=$SECONDS
    until answers; do
        runs || die "it has ended: see $dir/log"
        ((SECONDS - began < patience_s)) || die "it does not answer: see $dir/log"
        sleep 0.2
    done
    echo "http://127.0.0.1:$port/apis/ccompat/v7"
}

stop() {
    local began=$SECONDS
    runs && kill "$(cat "$dir/pid")" || true
    while runs; do
        if ((SECONDS - began > 15)); then
            say "it does not end and is killed"
            kill -9 "$(cat "$dir/pid")"
        fi
        sleep 0.2
    done
    rm -f "$dir/pid"
}

status() {
    if runs; then echo "runs at http://127.0.0.1:$port/apis/ccompat/v7, process $(cat "$dir/pid")"
    else echo "does not run"; return 1; fi
}

case "${1:-}" in
start) start ;;
stop) stop ;;
status) status ;;
wipe) stop && rm -rf "$dir" ;;
*) die "usage: deploy/registry.sh start|stop|status|wipe" ;;
esac
