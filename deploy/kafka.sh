#!/usr/bin/env bash
# Apache Kafka as a plain process on loopback, for development and tests. It needs Java 17 or newer, and Maven once, to
# fetch Kafka into the user's cache. Nothing is installed, and `stop` ends what `start` began.
#
#   deploy/kafka.sh start|stop|status|wipe     wipe stops it and removes what it kept
#
# What may be set in the environment:
#   SUYUAN_KAFKA_DIR       folder of the brokers' data, logs and pid files (default: kafka in the cache)
#   SUYUAN_KAFKA_PORT      port of the first broker on 127.0.0.1 (default 9092); each takes two, the second for controllers
#   SUYUAN_KAFKA_BROKERS   1 or 3 (default 1), when the folder is made
#   SUYUAN_KAFKA_SECURE    1: clients come by TLS and SASL (SCRAM-SHA-512 or PLAIN) alone, when the folder is made. Its ca.pem
#                          is the authority, the user is `suyuan`, and its password is in the file `password`
set -euo pipefail

version=4.3.1
scala=2.13
cache="${XDG_CACHE_HOME:-$HOME/.cache}/suyuan"
jars="$cache/kafka-$version"
dir="${SUYUAN_KAFKA_DIR:-$cache/kafka}"
port="${SUYUAN_KAFKA_PORT:-9092}"
brokers="${SUYUAN_KAFKA_BROKERS:-1}"
secure="${SUYUAN_KAFKA_SECURE:-0}"
# Long enough for a machine that is busy compiling.
patience_s=90

say() { echo "kafka: $*" >&2; }
die() {
    say "$@"
    exit 1
}

fetch() {
    [[ -d $jars ]] && return 0
    command -v mvn >/dev/null || die "please install Maven (Debian: apt-get install maven), then run this again: it fetches Kafka $version once"
    say "fetching Apache Kafka $version, once for this machine"
    local work
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/kafka-work.XXXXXX")
    cat >"$work/pom.xml" <<EOF
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>suyuan</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_$scala</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
EOF
    mvn -q -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/jars" >&2 ||
        { rm -rf "$work"; die "Maven could not fetch Kafka $version"; }
    # Another start may have been at it too.
    mv -T "$work/jars" "$jars" 2>/dev/null || true
    rm -rf "$work"
}

java_of() { java -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*" "$@"; }

count() { cat "$dir/brokers"; }
pid_file() { echo "$dir/broker-$1/pid"; }

# Whether the broker that wrote the pid file is still that process.
runs() {
    local pid
    pid=$(cat "$(pid_file "$1")" 2>/dev/null) && [[ -n $pid ]] &&
        tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "$dir/broker-$1/server.properties"
}

# The ports of broker $1, for clients and for controllers.
client_port() { echo $(($(cat "$dir/port") + 2 * ($1 - 1))); }
controller_port() { echo $(($(client_port "$1") + 1)); }

bootstrap() {
    local broker list=
    for broker in $(seq 1 "$(count)"); do list+="${list:+,}127.0.0.1:$(client_port "$broker")"; done
    echo "$list"
}

# What only whoever starts the brokers may read.
secret() { (umask 077 && cat >"$1"); }

# An authority of the folder's own, and a certificate of it for the brokers, which all are on this machine.
certify() {
    command -v openssl >/dev/null || die "please install OpenSSL (Debian: apt-get install openssl): it makes the certificates"
    local work
    work=$(mktemp -d "$dir/certify.XXXXXX")
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' >"$work/ca.ext"
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$work/broker.ext"
    {
        local of
        for of in ca broker; do
            openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$of.key" &&
                openssl req -new -key "$work/$of.key" -subj "/CN=suyuan development $of" -out "$work/$of.csr"
        done
        openssl x509 -req -in "$work/ca.csr" -key "$work/ca.key" -days 365 -extfile "$work/ca.ext" -out "$dir/ca.pem" &&
            openssl x509 -req -in "$work/broker.csr" -CA "$dir/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 365 \
                -extfile "$work/broker.ext" -out "$work/broker.pem"
    } >"$work/log" 2>&1 || { cat "$work/log" >&2; die "no certificate could be made"; }
    cat "$work/broker.key" "$work/broker.pem" | secret "$dir/broker.pem"
    rm -rf "$work"
    openssl rand -hex 16 | secret "$dir/password"
}

# What a broker is told of who may come, and how.
security() {
    [[ $secure == 1 ]] || return 0
    local password module=org.apache.kafka.common.security
    password=$(cat "$dir/password")
    cat <<EOF
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.clients.plain.sasl.jaas.config=$module.plain.PlainLoginModule required username="suyuan" password="$password" user_suyuan="$password";
listener.name.clients.scram-sha-512.sasl.jaas.config=$module.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=$dir/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/ca.pem
EOF
}

configure() {
    [[ $secure == 0 || $secure == 1 ]] || die "SUYUAN_KAFKA_SECURE=$secure: give 0 or 1"
    [[ $brokers == 1 || $brokers == 3 ]] || die "SUYUAN_KAFKA_BROKERS=$brokers: give 1 or 3"
    mkdir -p "$dir"
    ((secure == 0)) || certify
    echo "$brokers" >"$dir/brokers"
    echo "$port" >"$dir/port"
    local cluster broker home voters= copies=1 least=1 ids=()
    ((brokers == 3)) && copies=3 least=2
    local protocol=PLAINTEXT scram=()
    if ((secure == 1)); then
        protocol=SASL_SSL
        scram=(--add-scram "SCRAM-SHA-512=[name=suyuan,password=$(cat "$dir/password")]")
    fi
    cluster=$(java_of kafka.tools.StorageTool random-uuid)
    for broker in $(seq 1 "$brokers"); do
        ids[broker]=$(java_of kafka.tools.StorageTool random-uuid)
        voters+="${voters:+,}$broker@127.0.0.1:$(controller_port "$broker"):${ids[broker]}"
    done
    for broker in $(seq 1 "$brokers"); do
        home=$dir/broker-$broker
        mkdir -p "$home"
        secret "$home/server.properties" <<EOF
process.roles=broker,controller
node.id=$broker
listeners=CLIENTS://127.0.0.1:$(client_port "$broker"),CONTROLLER://127.0.0.1:$(controller_port "$broker")
advertised.listeners=CLIENTS://127.0.0.1:$(client_port "$broker")
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENTS
listener.security.protocol.map=CLIENTS:$protocol,CONTROLLER:PLAINTEXT
controller.quorum.bootstrap.servers=$(for other in $(seq 1 "$brokers"); do echo -n "${sep:-}127.0.0.1:$(controller_port "$other")"; sep=,; done)
log.dirs=$home/data
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$least
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$least
default.replication.factor=$copies
min.insync.replicas=$least
group.initial.rebalance.delay.ms=0
# What a dead owner left open is given up soon after its time is over, not within ten seconds of it.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
auto.create.topics.enable=false
$(security)
EOF
        java_of kafka.tools.StorageTool format -t "$cluster" -c "$home/server.properties" --initial-controllers "$voters" "${scram[@]}" >"$home/format.log" 2>&1 ||
            { cat "$home/format.log" >&2; die "broker $broker could not be formatted"; }
    done
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start() {
    command -v java >/dev/null || die "please install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)"
    fetch
    [[ -f $dir/brokers ]] || configure
    local broker home began=$SECONDS
    for broker in $(seq 1 "$(count)"); do
        runs "$broker" && continue
        home=$dir/broker-$broker
        answers "$(client_port "$broker")" && die "port $(client_port "$broker") is taken: set SUYUAN_KAFKA_PORT, and SUYUAN_KAFKA_DIR with it"
        setsid java -Xmx512m -Xms128m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*" \
            kafka.Kafka "$home/server.properties" >"$home/log" 2>&1 </dev/null &
        echo $! >"$(pid_file "$broker")"
    done
    for broker in $(seq 1 "$(count)"); do
        until answers "$(client_port "$broker")"; do
            # On a busy machine the new process may not be Java yet.
            runs "$broker" || { sleep 2 && runs "$broker"; } || die "broker $broker has ended: see $dir/broker-$broker/log"
            ((SECONDS - began < patience_s)) || die "broker $broker does not answer: see $dir/broker-$broker/log"
            sleep 0.2
        done
    done
    bootstrap
}

stop() {
    [[ -f $dir/brokers ]] || return 0
    local broker pid began=$SECONDS
    for broker in $(seq 1 "$(count)"); do
        runs "$broker" && kill "$(cat "$(pid_file "$broker")")" || true
    done
    for broker in $(seq 1 "$(count)"); do
        while runs "$broker"; do
            if ((SECONDS - began > 30)); then
                pid=$(cat "$(pid_file "$broker")")
                say "broker $broker does not end and is killed"
                kill -9 "$pid"
            fi
            sleep 0.2
        done
        rm -f "$(pid_file "$broker")"
    done
}

status() {
    [[ -f $dir/brokers ]] || { echo "no broker was started here ($dir)"; return 1; }
    local broker all=0
    for broker in $(seq 1 "$(count)"); do
        if runs "$broker"; then echo "broker $broker runs at 127.0.0.1:$(client_port "$broker"), process $(cat "$(pid_file "$broker")")"
        else echo "broker $broker does not run"; all=1; fi
    done
    return $all
}

case "${1:-}" in
start) start ;;
stop) stop ;;
status) status ;;
wipe) stop && rm -rf "$dir" ;;
*) die "usage: deploy/kafka.sh start|stop|status|wipe" ;;
esac
