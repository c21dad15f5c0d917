// Package cookbook has the recipes of docs/cookbook.md as tests that run.
package cookbook
