# Shortcuts. ./test.sh is what CI runs; it needs no make.
.DEFAULT_GOAL := help
.PHONY: help build test race lint fuzz bench usefulness proof docs verify demo ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/emrguard
	CGO_ENABLED=0 go build -trimpath -o bin/emrguard ./cmd/emrguard

test: ## run the tests
	go test ./...

race: ## run the tests with the race detector and print a summary
	./test.sh test

lint: ## check formatting, go vet and the linters of .golangci.yml
	./test.sh fmt vet lint

fuzz: ## run each fuzz target for a short time (FUZZTIME=10s)
	./test.sh fuzz

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

usefulness: ## play the weeks of docs/usefulness.md again and rewrite it
	go test ./internal/usefulness -count=1 -run Week -update

proof: ## play worlds from seeds for an hour, and all pairs of the exhaustive small worlds (PROOF_TIME=1h)
	PROOF_TIME=$(or $(PROOF_TIME),1h) ./test.sh proof
	go test ./internal/simtest -count=1 -timeout 0 -run Exhaustive -exhaustive=pairs

docs: ## regenerate everything that is generated
	./test.sh generate

verify: ## regenerate, and fail if that changes a file
	./test.sh generated

demo: ## run the demo: simulator and guard, no AWS account
	go run ./cmd/emrguard demo

ci: ## run everything CI runs
	./test.sh
