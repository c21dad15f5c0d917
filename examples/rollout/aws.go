package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"golang.org/x/time/rate"

	"github.com/go-flowlogs/flowlogs"
)

// organization is a worker's access to the accounts of an organization. It is safe
// for concurrent use.
type organization struct {
	config     aws.Config // of the worker's identity
	role       string     // name of the role in each account
	externalID string     // "": none
	assuming   chan struct{}

	mu          sync.Mutex
	own         arn.ARN // the worker's identity, once it is known
	credentials map[string]aws.CredentialsProvider
	regions     map[Target]*region
}

// region is what the activities of a target share. EC2 gives an account a quota in
// each Region, so there is one Limiter for each.
type region struct {
	ec2       *ec2.Client
	creates   flowlogs.Limiter
	describes flowlogs.Limiter
}

// The quota of EC2's non-mutating actions:
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const (
	describeBurst     = 100
	describePerSecond = 20
)

// newOrganization returns one that has so many calls of AssumeRole in flight at
// most: STS has a quota for the account of the caller.
func newOrganization(config aws.Config, role, externalID string, assuming int) *organization {
	return &organization{
		config:      config,
		role:        role,
		externalID:  externalID,
		assuming:    make(chan struct{}, assuming),
		credentials: make(map[string]aws.CredentialsProvider),
		regions:     make(map[Target]*region),
	}
}

// accounts returns the active accounts in the order of their IDs.
func (o *organization) accounts(ctx context.Context) ([]Account, error) {
	var accounts []Account
	pages := organizations.NewListAccountsPaginator(organizations.NewFromConfig(o.config), &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, listError(err)
		}
		for _, account := range page.Accounts {
			if account.State == types.AccountStateActive {
				accounts = append(accounts, Account{ID: aws.ToString(account.Id)})
			}
		}
	}
	slices.SortFunc(accounts, func(a, b Account) int { return strings.Compare(a.ID, b.ID) })
	return accounts, nil
}

// region returns the access to a target, with credentials that are good now. The
// error is an *assumeRoleError if the role cannot be assumed.
func (o *organization) region(ctx context.Context, t Target) (*region, error) {
	credentials, err := o.credentialsOf(ctx, t.Account)
	if err != nil {
		return nil, err
	}
	if _, err := credentials.Retrieve(ctx); err != nil {
		return nil, assumeError(t.Account, o.role, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.regions[t]; r != nil {
		return r, nil
	}
	r := &region{
		ec2: ec2.NewFromConfig(o.config, func(o *ec2.Options) {
			o.Region, o.Credentials = t.Region, credentials
		}),
		creates:   flowlogs.NewLimiter(),
		describes: rate.NewLimiter(describePerSecond, describeBurst),
	}
	o.regions[t] = r
	return r, nil
}

// credentialsOf returns the credentials of an account, which all its Regions share.
// In the account of the worker they are the worker's: the role that Organizations
// makes in each account is not in that which made them.
func (o *organization) credentialsOf(ctx context.Context, account string) (aws.CredentialsProvider, error) {
	own, err := o.identity(ctx)
	if err != nil {
		return nil, err
	}
	if account == own.AccountID {
		return o.config.Credentials, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.credentials[account]; c != nil {
		return c, nil
	}
	role := arn.ARN{Partition: own.Partition, Service: "iam", AccountID: account, Resource: "role/" + o.role}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(o.config), role.String(), func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName = "flowlogs-rollout"
		if o.externalID != "" {
			a.ExternalID = &o.externalID
		}
	})
	o.credentials[account] = aws.NewCredentialsCache(bounded{provider, o.assuming})
	return o.credentials[account], nil
}

func (o *organization) identity(ctx context.Context) (arn.ARN, error) {
	o.mu.Lock()
	own := o.own
	o.mu.Unlock()
	if own.AccountID != "" {
		return own, nil
	}
	identity, err := sts.NewFromConfig(o.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err == nil {
		own, err = arn.Parse(aws.ToString(identity.Arn))
	}
	if err != nil {
		return own, workerError(fmt.Errorf("the worker's own identity: %w", err))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.own = own
	return own, nil
}

// bounded is a provider that holds a slot while it retrieves.
type bounded struct {
	aws.CredentialsProvider
	slots chan struct{}
}

func (b bounded) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	defer func() { <-b.slots }()
	return b.CredentialsProvider.Retrieve(ctx)
}

// assumeError tells a role that cannot be assumed from a call that failed. STS says
// AccessDenied for a role that does not exist, too.
func assumeError(account, role string, err error) error {
	denied := hasCode(err, "AccessDenied")
	err = fmt.Errorf("assume role %s in %s: %w", role, account, err)
	if denied {
		return &reasonError{reasonAssumeRole, err}
	}
	return workerError(err)
}

// listError tells a worker that may not list the accounts, or has no organization, from
// a call that failed.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html#API_ListAccounts_Errors
func listError(err error) error {
	denied := hasCode(err, "AccessDeniedException") || hasCode(err, "AWSOrganizationsNotInUseException")
	err = fmt.Errorf("list the accounts: %w", err)
	if denied {
		return &reasonError{reasonListAccounts, err}
	}
	return workerError(err)
}

// workerError is a failure of a call that the worker makes as itself. If it concerns
// the worker's credentials, no target ends for it.
func workerError(err error) error {
	if reason := flowlogs.ReasonOf(err); reason != "" && !reason.Retryable() {
		return &reasonError{reasonWorker, err}
	}
	return err
}

func hasCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
