"""``python -m fiqa_studio.engine.worker``: not for people; the client starts it."""

from __future__ import annotations

import sys

from fiqa_studio.engine.worker.options import parse_options


def main() -> int:
    """Run the supervisor or, with ``--decoder``, one of its decoders."""
    options = parse_options(sys.argv[1:])
    if options.decoder:
        from fiqa_studio.engine.worker.decoder import run_decoder  # noqa: PLC0415 - see below

        # Each kind of process imports only what it needs: a decoder never loads torch.
        return run_decoder(options)
    from fiqa_studio.engine.worker.supervisor import run_supervisor  # noqa: PLC0415 - as above

    return run_supervisor(options)


if __name__ == "__main__":
    sys.exit(main())
