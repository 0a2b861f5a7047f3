"""Layer 3b: the use cases. Each joins the engines below for one purpose; none knows handles or property ids."""
