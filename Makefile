# Everything here does its own set-up on a machine with Go, git and make.
GOBIN := $(CURDIR)/bin
export GOBIN
export GOTOOLCHAIN ?= local

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
TIME ?= 20s
SEEDS ?= 1000000
KILLS ?= 20

GENERATED = $(wildcard adapters/webui/*_templ.go) adapters/httpapi/openapi.json

.PHONY: help test lint bench peers mutants sim crash fuzz screenshots build generate curl

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

test: curl ## everything that must hold: generated files, formatting, vet, all suites, the README's blocks
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt these:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@before=$$(cat $(GENERATED) | cksum); go generate ./... && [ "$$before" = "$$(cat $(GENERATED) | cksum)" ] || \
		{ echo "generated files were not up to date; look at what has changed and commit it"; exit 1; }
	go vet ./...
	go test -timeout 20m ./...

lint: $(GOBIN)/golangci-lint ## golangci-lint with this repository's rules
	$(GOBIN)/golangci-lint run ./...

$(GOBIN)/golangci-lint:
	go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

bench: $(if $(PEERS),peers) ## every figure beside its bar, and beside asynq and River (PEERS=1 installs their databases)
	go run ./cmd/bench $(BENCH)

# The bench starts databases of its own; those that Debian's packages start are in its way.
peers:
	@command -v redis-server >/dev/null || \
		{ apt-get update -qq && apt-get install -y -qq redis-server && { service redis-server stop || true; }; }
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ apt-get update -qq && apt-get install -y -qq postgresql-15 && { service postgresql stop || true; }; }

mutants: ## delete one rule at a time and see its named case fail
	go run ./store/storetest/mutants

sim: ## random schedules of the cap against I3 (SEEDS=1000000)
	go test ./core/pace -run TestSchedules -count=1 -v -schedules $(SEEDS)

crash: ## kill -9 the real binary under load, restart, and count (KILLS=20)
	go test ./cmd/amino -run 'TestKill$$$$' -count=1 -v -kills $(KILLS)

fuzz: ## every fuzz target for a while (TIME=20s)
	@grep -rlE '^func Fuzz' --include=*_test.go . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go | sed 's/func //'); do \
			echo "$$dir $$f"; go test $$dir -run '^$$' -fuzz "^$$f\$$" -fuzztime $(TIME) || exit 1; \
		done; \
	done

screenshots: ## every page and mail as a picture in ./screenshots (installs Debian's chromium)
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; }
	go run ./cmd/screenshots -out screenshots

build: ## one static binary in ./bin/amino
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/amino ./cmd/amino

generate: ## write generated files anew: templ pages, openapi.json
	go generate ./...

curl:
	@command -v curl >/dev/null || { apt-get update -qq && apt-get install -y -qq curl; }
