package main

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// assumeRoleError says that the role of an account cannot be assumed.
type assumeRoleError struct {
	account, role string
	err           error
}

func (e *assumeRoleError) Error() string {
	return fmt.Sprintf("assume role %s in %s: %v", e.role, e.account, e.err)
}

func (e *assumeRoleError) Unwrap() error { return e.err }

// assumeError tells a role that cannot be assumed from a call that failed. STS says
// AccessDenied for a role that does not exist, too.
func assumeError(account, role string, err error) error {
	if hasCode(err, "AccessDenied") {
		return &assumeRoleError{account, role, err}
	}
	return &workerError{fmt.Errorf("assume role %s in %s: %w", role, account, err)}
}

// workerError is a failure of a call that the worker makes as itself. If it concerns
// the worker's credentials, no target ends for it.
type workerError struct{ err error }

func (e *workerError) Error() string { return e.err.Error() }
func (e *workerError) Unwrap() error { return e.err }

// listAccountsError says that the worker may not list the accounts, or that there is
// no organization.
type listAccountsError struct{ err error }

func (e *listAccountsError) Error() string { return "list the accounts: " + e.err.Error() }
func (e *listAccountsError) Unwrap() error { return e.err }

// listError returns the error of ListAccounts.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html#API_ListAccounts_Errors
func listError(err error) error {
	if hasCode(err, "AccessDeniedException") || hasCode(err, "AWSOrganizationsNotInUseException") {
		return &listAccountsError{err}
	}
	return &workerError{fmt.Errorf("list the accounts: %w", err)}
}

func hasCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
