import os

import lit.formats

config.name = "edbc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".edb", ".test"]
# Built and run by other means.
config.excludes = ["unit", "e2e", "examples"]
config.test_source_root = os.path.join(config.edbc_source_dir, "test")
config.test_exec_root = os.path.join(config.edbc_binary_dir, "test")

bin_dir = os.path.join(config.edbc_binary_dir, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.environment["PATH"]]
)
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions.append(("%edbc_source", config.edbc_source_dir))
# `not` of LLVM, which also fails on crashes.
config.substitutions.append((r"\bnot\b", "not-22"))
config.substitutions.append((r"\bcount\b", "count-22"))
config.substitutions.append((r"\bsplit-file\b", "split-file-22"))
config.substitutions.append((r"\bFileCheck\b", config.filecheck))
