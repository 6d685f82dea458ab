# The front door. `make` alone lists what it can do. Set-up logic is in deploy/setup.sh; what every
# cargo call needs in its environment is in deploy/env.sh.

cargo := . deploy/env.sh && cargo
pure := --lib --no-default-features

.PHONY: help setup build demo test sim soak fuzz check accept bench bench-kafka bench-large bench-check kafka kafka-down
.NOTPARALLEL:

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## installs what is missing and compiles RocksDB, once per machine
	@bash deploy/setup.sh

build: setup ## builds the release binary
	@$(cargo) build --release && echo "$$CARGO_TARGET_DIR/release/suyuan"

demo: setup ## builds, then runs the main job on a made-up world
	@$(cargo) build --release && exec "$$CARGO_TARGET_DIR/release/suyuan" demo

test: setup ## checks that the pure half stands alone, and runs every test, those against a real Kafka too
	@bash deploy/setup.sh java mvn openssl
	@$(cargo) check $(pure) && cargo test --doc
	@$(cargo) test --lib --bins --tests

sim: setup ## the simulator: sweeps and many seeds; SEEDS=a..b those and the kept; SEED=n or SWEEP=place one, in full
	@. deploy/env.sh && SUYUAN_SEED="$(SEED)" SUYUAN_SWEEP="$(SWEEP)" SUYUAN_SWEEPS="$(if $(SEEDS),,1..3)" \
	SUYUAN_SEEDS="$(or $(SEEDS),1000..4000)" cargo test --test sim

soak: setup ## the long tests: 10,000 seeds, sweeps of ten worlds, many kills, large hubs, many worlds of the oracle and of the properties
	@. deploy/env.sh && SUYUAN_SEEDS=0..10000 SUYUAN_SWEEPS=0..10 cargo test --test sim
	@. deploy/env.sh && SUYUAN_KILLS=500 cargo test --test it kills::
	@. deploy/env.sh && SUYUAN_CUSTOMERS=500000 cargo test --test it hub:: -- --nocapture --test-threads 1
	@. deploy/env.sh && SUYUAN_WORLDS=20000 cargo test --test it agreement::
	@. deploy/env.sh && SUYUAN_WORLDS=20000 cargo test --test it abnormal::
	@. deploy/env.sh && PROPTEST_CASES=20000 cargo test --test it properties::
	@. deploy/env.sh && PROPTEST_CASES=20000 cargo test --lib -- drive::gangs drive::identities
	@bash deploy/setup.sh java mvn && . deploy/env.sh && SUYUAN_KAFKA_KILLS=50 SUYUAN_KAFKA_CASE=kills cargo test --test kafka
	@. deploy/env.sh && SUYUAN_KAFKA_KILLS=50 SUYUAN_KAFKA_CASE=lost-broker cargo test --test kafka

fuzz: setup ## every decoder and parser on made-up input: TIME=seconds each (60), TARGET=name for one
	@bash deploy/fuzz.sh "$(or $(TIME),60)" "$(TARGET)"

check: setup ## format, clippy with warnings denied, the pure half alone, cargo-deny
	@$(cargo) fmt --check
	@$(cargo) clippy --all-targets -- -D warnings
	@$(cargo) check $(pure) && cargo clippy $(pure) -- -D warnings
	@. deploy/env.sh && if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; \
	else echo "make check: LEFT OUT: licences and sources of dependencies. For them: cargo install --locked cargo-deny"; fi

accept: setup ## rewrites snapshots and generated files, then shows the difference
	@. deploy/env.sh && INSTA_UPDATE=always SUYUAN_ACCEPT=1 cargo test --no-fail-fast
	@git --no-pager diff --stat && git status --short

bench: setup ## speed and cost beside what the machine can do at all
	@$(cargo) bench --bench suyuan --bench budget

bench-kafka: setup ## the same on Apache Kafka itself: speed, latency, kills, one to three instances
	@bash deploy/setup.sh java mvn
	@$(cargo) bench --bench kafka

bench-large: setup ## the same with a million taxpayers: hours as it is now, 10 GB of disk
	@$(cargo) bench --bench suyuan -- large

bench-check: ## fails where folding takes more instructions than recorded (SUYUAN_ACCEPT=1 records)
	@bash deploy/setup.sh valgrind
	@$(cargo) bench --profile guard --bench guard

kafka: ## a real Apache Kafka on loopback, for development: SUYUAN_KAFKA_BROKERS=3 for three (deploy/kafka.sh)
	@bash deploy/kafka.sh start

kafka-down: ## ends it; its data stays (`deploy/kafka.sh wipe` removes that too)
	@bash deploy/kafka.sh stop
