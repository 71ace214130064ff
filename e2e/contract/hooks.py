"""What schemathesis leaves out."""

import schemathesis

#: Longer ones are refused before anything of ours reads them.
QUERY_BYTES_MAX = 16_000


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    return len(str(case.query or "").encode()) < QUERY_BYTES_MAX
