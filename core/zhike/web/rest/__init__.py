"""The JSON API 接口: operations of the core and of plugins, one schema for all of them."""
