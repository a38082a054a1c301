"""The pages, in the order of the menu. To add one: a file here with a `PAGE`, and its name below."""

from llm_finops.dashboard.pages import (
    customer,
    customer_day,
    customers,
    feature,
    features,
    health,
    line,
    load,
    overview,
    prices,
    reconciliation,
    requests,
    scale,
)

ALL = (
    overview.PAGE,
    customers.PAGE,
    features.PAGE,
    requests.PAGE,
    scale.PAGE,
    prices.PAGE,
    reconciliation.PAGE,
    health.PAGE,
    customer.PAGE,
    customer_day.PAGE,
    feature.PAGE,
    line.PAGE,
    load.PAGE,
)
