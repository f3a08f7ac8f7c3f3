#!/usr/bin/env bash
# Checks and tests everything, and first installs what that needs from Debian where it is missing and this is root.
#
#   ./test.sh             all steps, in this order: install fmt tidy vet lint generated proof test
#   ./test.sh STEP ...    only these; also: generate (write what is generated), fuzz (each fuzz target for FUZZTIME, 10s if unset)
#
# The last line is "N passed, N failed, N skipped". The exit status is 0 only if every step passed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || { echo "test.sh: Go is not installed; see https://go.dev/doc/install" >&2; exit 1; }

failed=() # checks that failed before the tests
tested=

say() { printf '\n== %s\n' "$*"; }

# works COMMAND... says whether the command is there and runs: a shim in PATH is not enough.
works() { "$@" >/dev/null 2>&1; }

# compiles_c says whether cgo works, which the race detector needs.
compiles_c() { echo 'int main(void){return 0;}' | works gcc -x c -o /dev/null -; }

step_install() {
	local packages=()
	works aws --version || packages+=(awscli)
	compiles_c || packages+=(gcc libc6-dev)
	works git --version || packages+=(git)
	works chromium --version || packages+=(chromium) # the tests of the page
	works systemd-analyze --version || packages+=(systemd) # those of the unit
	works promtool --version || packages+=(prometheus) # checks and plays the alert rules
	# Without it Go cannot fetch the modules.
	[ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
	[ ${#packages[@]} -eq 0 ] && { echo "nothing is missing"; return 0; }
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		echo "missing: ${packages[*]}. Not root on Debian, so they are not installed; the tests that need them are skipped."
		return 0
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
		{ echo "apt-get could not install ${packages[*]}"; return 1; }
	echo "installed: ${packages[*]}"
	# A broken command of the same name earlier in PATH would hide the installed one.
	works aws --version || export PATH="/usr/bin:$PATH"
	works aws --version
}

step_fmt() {
	local bad
	bad=$(find . -name '*.go' -not -path './.git/*' -not -path '*/testdata/*' -print0 | xargs -0 gofmt -l) || return 1
	[ -z "$bad" ] || { echo "not formatted (run gofmt -w on them):"; echo "$bad"; return 1; }
}

# go.mod and go.sum must hold exactly what the code imports. They are not changed here.
step_tidy() { go mod tidy -diff; }

step_vet() { go vet ./...; }

step_lint() { go tool -modfile=go.tools.mod golangci-lint run ./...; }

# The pages that tests compare with the code are written by those tests with -update; a stale one fails its test.
step_generate() {
	go generate ./... && go test ./internal/config -count=1 -update >/dev/null &&
		go test ./internal/telemetry ./internal/telemetry/metrics -count=1 -update >/dev/null &&
		go test ./internal/usefulness -count=1 -run Week -update >/dev/null
}

# snapshot is a hash of everything git would show as changed or new.
snapshot() { { git diff HEAD --binary; git ls-files -o --exclude-standard -z | xargs -0 -r sha256sum; } | sha256sum; }

step_generated() {
	git rev-parse --git-dir >/dev/null 2>&1 || { echo "no git checkout, so changes cannot be told: not checked"; return 0; }
	local before after
	before=$(snapshot)
	go generate ./... || return 1
	after=$(snapshot)
	[ "$before" = "$after" ] || { echo "regenerating changed files; commit them:"; git status --short; return 1; }
}

# Worlds from fixed seeds and, for PROOF_TIME, from new ones; the first of these is printed. Without the race detector, which the tests of internal/proof have.
# What new seeds find is printed, and does not fail the step: docs/proof.md says how many have passed since the last defect.
step_proof() {
	local dir status=0
	dir=$(mktemp -d) && go build -o "$dir/proof" ./cmd/proof && "$dir/proof" --seed 1 --seeds "${PROOF_SEEDS:-36}" || status=1
	if [ $status = 0 ]; then
		"$dir/proof" --for "${PROOF_TIME:-45s}" --all
		case $? in
		0) ;;
		1) echo "new seeds violate a property: see above" ;;
		*) status=1 ;; # a script that cannot be played, for example
		esac
	fi
	rm -rf "$dir"
	return $status
}

step_test() {
	# Pictures of the page as the tests saw it.
	export SCREENSHOTS="${SCREENSHOTS:-$PWD/bin/screenshots}"
	local race=-race
	tested=yes
	compiles_c || { race=; echo "no C compiler: without the race detector"; }
	# shellcheck disable=SC2086
	CGO_ENABLED=$([ -n "$race" ] && echo 1 || echo 0) go test $race -json -timeout 40m ./... 2>&1 |
		go run ./internal/testreport -checks "${failed[*]}"
}

step_fuzz() {
	local pkg target status=0
	for pkg in $(go list ./...); do
		for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz'); do
			say "$pkg $target"
			go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-10s}" "$pkg" || status=1
		done
	done
	return $status
}

[ $# -gt 0 ] || set -- install fmt tidy vet lint generated proof test
for step in "$@"; do
	declare -F "step_$step" >/dev/null || { echo "test.sh: no step \"$step\"; there are install, fmt, tidy, vet, lint, generate, generated, proof, test, fuzz" >&2; exit 2; }
done
status=0
for step in "$@"; do
	say "$step"
	begin=$SECONDS
	if ! "step_$step"; then
		status=1
		[ "$step" = test ] || { failed+=("$step"); echo "FAILED: $step"; }
	fi
	# The summary of the tests stays the last line.
	[ "$step" = test ] || echo "$step: $((SECONDS - begin)) s"
done
[ -z "$tested" ] && [ ${#failed[@]} -gt 0 ] && echo "failed: ${failed[*]}"
exit $status
