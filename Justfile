# Developers' recipes; users need Go alone. `just --list` shows them all.

staticcheck := "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
gofumpt := "mvdan.cc/gofumpt@v0.12.0"

# Values from other software, CIFAR-10 and Captum's weights, where present.
outside := env("ASSAY_OUTSIDE", "../shared")
cifar10 := env("CIFAR10_DIR", "data/cifar10")

export CGO_ENABLED := env("CGO_ENABLED", "0")

default: build test

# one static binary, bin/assay
build:
    go build -trimpath -o bin/assay ./cmd/assay

# all tests; values from outside that may not be committed are checked where they lie
test:
    if [ -e {{ outside }}/golden/cifar10 ]; then export ASSAY_GOLDEN=$(realpath {{ outside }}/golden/cifar10) ASSAY_WEIGHTS=$(realpath {{ outside }}/cifar10/cifar_torchvision.pt); fi; go test ./...

# train on generated shapes, explain, score, report: nothing to download
quickstart: build
    bin/assay run experiments/quickstart.yaml

# Captum's CIFAR-10 tutorial, swept; needs CIFAR-10 (assay data fetch cifar10) and its weights
tutorial: build cifar10
    CIFAR10_DIR={{ cifar10 }} WEIGHTS=${WEIGHTS:-{{ outside }}/cifar10/cifar_torchvision.pt} bin/assay run experiments/tutorial.yaml

# CIFAR-10 in data/, from a stored copy if there is one, else downloaded
cifar10:
    test -e {{ cifar10 }}/cifar-10-batches-bin/test_batch.bin || { test -e {{ outside }}/cifar10/unpack.go && go run {{ outside }}/cifar10/unpack.go {{ cifar10 }} || go run ./cmd/assay data fetch cifar10 --dir {{ cifar10 }}; }

# speeds and memory beside the machine's measured FMA peak; let nothing else run
bench:
    go test ./model -run '^$' -bench 'InputGradients|Forward|TwoWorkers|TrainingSteps' -benchtime 5s
    go test ./model -run '^$' -bench 'WideConvolutions|Rules|Relevance|PathGradients' -benchtime 0.5s
    go test ./attr -run '^$' -bench 'Perturbations|Paths' -benchtime 0.5s
    go test ./cmd/assay -run '^$' -bench 'IGMemory|SamplingMemory|Quickstart' -benchtime 1x -timeout 30m

# every benchmark, kernels included
bench-all:
    go test ./... -run '^$' -bench . -timeout 60m

# rewrite the golden files from what the code does now; then read the diff
golden:
    go test ./... -run Golden -update
    git diff --stat -- testdata

# regenerate the SIMD kernels and the spec's JSON schema
generate:
    go generate ./...
    go run ./cmd/assay schema > experiments/spec.schema.json

lint:
    go vet ./...
    go run {{ staticcheck }} ./...
    test -z "$(go run {{ gofumpt }} -l . | tee /dev/stderr)"

fmt:
    go run {{ gofumpt }} -w .

# everything but the kernels' own package, whose assembly the race detector cannot see
race:
    CGO_ENABLED=1 go test -race $(go list ./... | grep -v internal/kernel)

# what CI runs
ci:
    .ci/run

# developers' tools; users need none of them
setup:
    go mod download
    go build {{ staticcheck }} 2>/dev/null || go run {{ staticcheck }} -version
    go run {{ gofumpt }} --version
