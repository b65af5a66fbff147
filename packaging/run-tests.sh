#!/usr/bin/env bash
# Runs every test: `bash packaging/run-tests.sh BIN`, called by `make test` after the linters.
# First the packages' own tests, without a screen; then the real window on a virtual one.
set -euo pipefail
bin="$1"
cd "$(dirname "$0")/.."

# Two processes on two cores: more threads in each would only fight over them.
export OMP_NUM_THREADS=1

[ -d ../shared ] || echo "No ../shared beside this checkout: the tests that need it will be skipped."

QT_QPA_PLATFORM=offscreen "$bin/python" -m pytest tests --ignore tests/e2e \
    -m "not benchmark" -n 2 --dist loadgroup --durations 15

if [ -n "${DISPLAY:-}" ]; then
    "$bin/python" -m pytest tests/e2e -m "not benchmark"
elif command -v xvfb-run >/dev/null; then
    QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1440x900x24" \
        "$bin/python" -m pytest tests/e2e -m "not benchmark"
else
    echo "No display and no Xvfb: the window's tests run on Qt's offscreen platform instead."
    QT_QPA_PLATFORM=offscreen "$bin/python" -m pytest tests/e2e -m "not benchmark"
fi
