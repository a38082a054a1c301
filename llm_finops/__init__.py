"""Do we make money on each AI feature and customer? Exactly.

*ingest* each provider's usage and cost → *reconcile* them with each other and with the invoice →
*allocate* every cent to a customer and a feature → *margin* against revenue → *tell* people.
"""
