"""What is measured: named amounts, the dimensions they are split by, filters, data quality and the KPI catalogue."""
