"""What patching costs, ours and other people's, measured side by side on one model in one process.

Started by `npm run bench`, or anywhere by `python -m recircuit_worker.benchmarks.patching`. Nothing here is imported by
the worker, and nothing here needs a package that the engines do not need; the two libraries that are compared may be
missing.
"""
