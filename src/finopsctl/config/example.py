"""The commented configuration file that ``finopsctl init`` writes.

Lines that begin with ``# `` explain; lines that begin with ``#`` and no space are settings to be switched on by
removing it.
"""

from __future__ import annotations

from finopsctl.config.declarations import declared
from finopsctl.config.schema import toml
from finopsctl.config.settings import Settings, from_variables, variable

_HEAD = """\
# Settings of finopsctl. Remove the # before a key to set it; 'finopsctl config check' says what is wrong.
# Flags win over FINOPSCTL_* variables, those over this file, this file over the user's own, that over defaults.
# Paths are relative to this file. Secrets never stand here: the key of --redact is FINOPSCTL_REDACT_KEY.
"""

_TABLES = """\

# Budgets: any dimensions; none means everything. period: month, quarter, year or a number of days such as "30d".
#[[budget]]
#limit = 250000

#[[budget]]
#team = "support"
#limit = 5000
#currency = "USD"                     # of the limit, where it is not that of this file
#period = "month"
#from = 2026-01-01
#alerts = [
#  { at = 0.75, action = "optimize" },
#  { at = 0.9, action = "freeze non-critical spending" },
#  { at = 1.0, action = "executive approval" },
#]
#hard-stop = 1.2                      # for `budget export`: refuse requests from 120 % on
#models = ["gpt-4o", "gpt-4o-mini"]   # for `budget export`, as are tpm-limit and rpm-limit
#tpm-limit = 200000
#rpm-limit = 1000

# Who owns what. The first rule that matches decides; a rule fills what is empty and replaces a value only with
# overwrite = true. * stands for any text, ? for one character; "" means the dimension has no value.
#[[allocation.rule]]
#name = "team header"
#set = { team = "{header:x-team}" }

#[[allocation.rule]]
#name = "evaluation keys"
#when = { api_key = "eval-*", environment = ["dev", "test"] }
#set = { team = "platform", workload = "eval" }
#from = 2026-01-01
#to = 2027-01-01

#[[allocation.rule]]
#name = "project ids by name"
#when = { project = "proj_abc123" }
#set = { project = "search" }
#overwrite = true

# Shared cost, spread over teams (or another dimension: over = "project"). driver: spend, tokens, requests, headcount,
# fixed or even. The first pool that fits a record takes it.
#[allocation.headcount]
#support = 12
#search = 4.5

#[[allocation.pool]]
#name = "gateway"
#cost = 1200
#driver = "requests"
#driver-when = { source = "litellm*" }

#[[allocation.pool]]
#name = "monitoring"
#when = { cost_type = ["monitoring", "network"] }
#driver = "headcount"
#except = ["finance"]

#[[allocation.pool]]
#name = "own machines"
#when = { provider = "self-hosted" }
#capacity = { unit = "GPU", count = 4, price-per-unit-hour = 2.49 }
#tokens-per-unit-hour = 2_000_000
#idle = "users"

# Cost centres for chargeback, by team.
#[chargeback.cost-centres]
#support = "CC-4100"

# How far invoices may be off (by default 1%), and credits bought in advance.
#[reconcile.tolerance]
#openai = "1%"
#azure = "5.00"

#[[prepaid]]
#provider = "openai"
#amount = 500
#from = 2026-10-01
#expires = 2027-10-01

# Models behind names of your own: Azure deployments, Bedrock inference profiles.
#[deployments]
#"gpt4o-prod-eu" = "azure/gpt-4o"
#"arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc" = "bedrock/anthropic.claude-sonnet-4-5"

# Dated exchange rates, for --currency and for sources that bill in another currency: units of `to` for one of `from`.
#[[exchange-rate]]
#from = "EUR"
#to = "USD"
#date = 2026-11-01
#rate = 1.08

# How KPIs are graded. "plain-days" grades days to exhaustion by their number alone.
#[kpi]
#bands = "plain-days"
#overrun = [0.2, 0.5]   # odds from which on a budget's projection is a warning, and critical

#[kpi.scales]
#cost_per_request = [0.004, 0.01, 0.05]
#cache_hit_rate = ["> 0.4 good", ">= 0.2 ok", "warning"]

#[kpi.ranges.cost_per_1k_tokens]
#premium = [0.01, 0.03]

#[kpi.outcome-targets]
#"ticket_*" = 0.5

#[kpi.user-types]
#light-requests-per-day = 100
#moderate-requests-per-day = 1000
#power-spend = 500
#ranges = { heavy = [100, 500], power = [500, inf] }

# What is an anomaly: by rule, the least excess of a day, its threshold, the days of history it needs.
#[anomalies]
#critical-excess = 100
#floor = 5

#[anomalies.rule.three-sigma]
#factor = 4
#min-history = 14

#[anomalies.rule.seasonal]
#enabled = true

# Class of each feature, for the expected token ratio.
#[workloads]
#"support-*" = "chat"
#"code-*" = "code"

# Share of spend aimed at, by provider.
#[strategic-targets]
#self-hosted = [0.4, 0.6]
#openai = [0.2, 0.3]

# Plans nobody pays for, and the lowest gross margin of a customer that is fine, for `unit-economics`.
#[unit-economics]
#free-plans = ["free*", "trial"]
#margin-floor = 0.6

# The model whose price the tokens of your own models would have had.
#[self-hosted]
#compare-with = "gpt-4o-mini"

# What `recommend` leaves alone (a month), and what can wait for a day.
#[recommend]
#floor = 500
#batch-features = ["nightly_*", "menu_translation"]
#self-host = "cost-per-hour=9.96,tokens-per-second=1500,utilization=0.6"
#disabled = ["cache-unused"]

# Where reports go (docs/delivery.md). Addresses of webhooks and passwords are variables of the environment:
# FINOPSCTL_SLACK_WEBHOOK, FINOPSCTL_WEBHOOK, FINOPSCTL_WEBHOOK_SECRET, FINOPSCTL_SMTP_USER, FINOPSCTL_SMTP_PASSWORD.
#[delivery]
#state = "state/deliveries.json"      # what was delivered, so that nothing is sent twice

#[delivery.slack]
#url-variable = "FINANCE_SLACK_WEBHOOK"

#[delivery.email]
#host = "smtp.example.org"
#security = "starttls"
#from = "FinOps <finops@example.org>"
#to = ["cfo@example.org", "platform@example.org"]

#[delivery.webhook]
#format = "json"

#[delivery.file]
#folder = "reports/"
#format = "md"
"""


def example() -> str:
    """Return the file: every option with its meaning, then an example of every table; all switched off."""
    lines = []
    for item in declared(Settings).values():
        if item.name in from_variables():
            value = item.key.example or toml(item.default)
            lines += ["", f"# {item.key.help} ({variable(item.name)})", f"#{item.name} = {value}"]
    return "\n".join((_HEAD.rstrip(), *lines, _TABLES))
