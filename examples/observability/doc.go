// Package observability shows, in its tests, how calls of flowlogs are traced with
// OpenTelemetry and counted by reason.
package observability
