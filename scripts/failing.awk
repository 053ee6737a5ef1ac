# Prints the names of the failing tests in a log, each once, in the words of whichever
# runner wrote it. A log of none that is known here names nothing.
#
#   awk -v how=HOW -f scripts/failing.awk LOG    HOW as scripts/test.sh has it

function name(text) { if (text != "" && !seen[text]++) print text }

# cargo test: a list at its end, which begins in the next line.
/^failures:$/ { list = 1; next }
list && /^    [^ ]/ { name(substr($0, 5)); next }
{ list = 0 }

# ffi/ci.sh and scripts/examples.sh; what bindings/node/ci.sh checks itself.
sub(/^FAIL /, "") || sub(/^FAILED: /, "") { name($0); next }

# pytest's summary: FAILED tests/FILE::TEST - REASON
/^(FAILED|ERROR) [^ ]*\.py/ { sub(/^[A-Z]+ (tests\/)?/, ""); sub(/ - .*/, ""); name($0); next }

# node --test, which writes TAP.
sub(/^ *not ok [0-9]+ - /, "") { sub(/ # time=.*/, ""); name($0); next }

# The conformance driver's last line of a surface.
how == "sum" && /^[^ ]+: [0-9]+ passed, [1-9][0-9]* failed/ { sub(/: .*/, ""); name($0) }
