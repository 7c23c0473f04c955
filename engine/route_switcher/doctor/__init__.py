"""`doctor`: holds the machine against the policy, and changes nothing.

Reading and judging are apart. `reading` looks at the machine once and makes a frozen `Machine`.
Each check judges that and the policy: it is pure, so it can be tried on any `Machine`. What could
not be read is `Unread`, with the reason, and its checks say `skip`.

How to add a check
==================

1. What it must know becomes a frozen dataclass in a file of its own here, a field of `Machine`
   (`machine.py`), and a function in a file of its own in `reading/`. Nothing is written there, no
   program waits for long, and what cannot be read becomes `Unread`.
2. A file in `checks/` for each group of checks. Its faults stand first: each `Fault` has a name
   that stays the same for ever (programs read it), and is a warning or a failure. A fault that
   keeps traffic from moving is a failure; what may do so one day is a warning. A function makes
   findings from `Machine` and `Policy`: one for each subject that is well (`passed`), and for each
   fault one (`Fault.found`) with a short sentence and commands that mend it, to be run as they are
   printed. `CHECK` joins name, function and faults.
3. Its line in `registry.CHECKS`.
4. A row in `tests/doctor` for each fault: it plants the fault on the real kernel, sees it named,
   runs the printed commands and sees it gone. `tests/doctor/test_completeness.py` fails for a fault
   without a row.
5. Its line in docs/doctor.md.
"""
