"""The policy that ``finopsctl check --init`` writes: one rule of most kinds, with limits to change."""

EXAMPLE = """\
# What must hold of the LLM bill: finopsctl check LOGS
# Fractions are written 0.3 or "30%", money in the currency of the report. Every key: docs/check.md.
# A rule is critical (fails the gate) unless it says severity = "warning".

[[rule]]
name = "cost per request"
kpi = "cost_per_request"        # any of `finopsctl kpis`
max = 0.05
warn = 0.01

[[rule]]
name = "success rate"
kpi = "success_rate"
min = "99%"
severity = "warning"

[[rule]]
name = "no runaway spend"
kind = "anomalies"
by = ["team"]
at-least = "critical"           # episodes that are; max = 0 is what it means

[[rule]]
name = "week over week"
kind = "variance"
last = "7d"                     # against the seven days before
by = ["team"]
max = "30%"
floor = 100                     # teams that spend less are left alone
severity = "warning"

[[rule]]
name = "prices are current"
kind = "price-drift"            # what the gateway reports against the price list
max = "5%"
floor = 1

[[rule]]
name = "no old models"
kind = "forbidden-models"
models = ["gpt-4-turbo*", "gpt-3.5*", "claude-2*"]
# allow = ["team=research"]

[[rule]]
name = "spend has a team"
kind = "data-quality"
measure = "unattributed"
max = "10%"
warn = "2%"

[[rule]]
name = "everything has a price"
kind = "data-quality"
measure = "unpriced"
max = "1%"

# With budgets (--budgets FILE, or [[budget]] in finopsctl.toml):
#
# [[rule]]
# name = "budgets hold"
# kind = "budget"
# measure = "projected"         # where the period ends; utilization: what is spent
# max = 1
#
# What may fail for a while, and why:
#
# [[waiver]]
# rule = "cost per request"
# team = "research"
# expires = 2027-01-31          # the last day it holds
# limit = 0.20
# reason = "long prompts until the index is there"
"""
