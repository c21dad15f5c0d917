/*
Package reconcile brings flow logs to a desired state: these resources shall have
this flow log.
*/
package reconcile
