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
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// organization is a worker's access to the accounts of an organization. It is safe
// for concurrent use.
type organization struct {
	config     aws.Config // with the worker's credentials
	identity   arn.ARN    // the worker's
	role       string     // name of the role in each account
	externalID string     // "": none

	credentials sync.Map // from the account to its aws.CredentialsProvider
}

// region is the access to a target. EC2 gives an account a quota in each Region, so each
// target has its own Limiters.
type region struct {
	ec2        *ec2.Client
	describes  flowlogs.Limiter // of ec2 and of the Reconciler
	reconciler *reconcile.Reconciler
}

// newOrganization returns the organization of the identity that config has the
// credentials for. It fails if there are none, or if STS rejects them.
func newOrganization(ctx context.Context, config aws.Config, role, externalID string) (*organization, error) {
	identity, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("the worker's own identity: %w", err)
	}
	parsed, err := arn.Parse(aws.ToString(identity.Arn))
	return &organization{config: config, identity: parsed, role: role, externalID: externalID}, err
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

// region returns the access to a target, with credentials that are good now.
func (o *organization) region(ctx context.Context, t Target) (*region, error) {
	cached, known := o.credentials.Load(t.Account)
	if !known {
		cached, _ = o.credentials.LoadOrStore(t.Account, o.newCredentials(t.Account))
	}
	credentials := cached.(aws.CredentialsProvider)
	if _, err := credentials.Retrieve(ctx); err != nil {
		return nil, assumeError(t.Account, o.role, err)
	}
	api := ec2.NewFromConfig(o.config, func(o *ec2.Options) {
		o.Region, o.Credentials = t.Region, credentials
	})
	describes := reconcile.NewDescribeLimiter()
	reconciler := reconcile.New(api, func(o *reconcile.Options) {
		o.DescribeLimiter = describes
		o.Create = append(o.Create, func(o *flowlogs.Options) {
			// The retries that take long are the server's: they need no worker.
			o.RetryTimeout = retryTimeout
		})
	})
	return &region{api, describes, reconciler}, nil
}

// newCredentials returns the credentials of an account, which all its Regions share.
// In the account of the worker they are the worker's: Organizations makes the role in
// each account that it creates, but not in the account that created the organization.
func (o *organization) newCredentials(account string) aws.CredentialsProvider {
	if account == o.identity.AccountID {
		return o.config.Credentials
	}
	role := arn.ARN{Partition: o.identity.Partition, Service: "iam", AccountID: account, Resource: "role/" + o.role}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(o.config), role.String(), func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName = "flowlogs-rollout"
		if o.externalID != "" {
			a.ExternalID = &o.externalID
		}
	})
	return aws.NewCredentialsCache(provider)
}

// vpcs returns the IDs of the account's own VPCs, sorted. A VPC that another account
// shares with it is left to that account.
func (r *region) vpcs(ctx context.Context, account string) ([]string, error) {
	const perPage = 1000 // the most: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
	var ids []string
	pages := ec2.NewDescribeVpcsPaginator(r.ec2, &ec2.DescribeVpcsInput{
		MaxResults: aws.Int32(perPage),
		Filters:    []ec2types.Filter{{Name: aws.String("owner-id"), Values: []string{account}}},
	})
	for pages.HasMorePages() {
		if err := r.describes.Wait(ctx); err != nil {
			return nil, err
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the VPCs: %w", err)
		}
		for _, vpc := range page.Vpcs {
			ids = append(ids, aws.ToString(vpc.VpcId))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// assumeError tells a role that cannot be assumed from a call that failed. STS says
// AccessDenied for a role that does not exist, too.
func assumeError(account, role string, err error) error {
	return workerError(fmt.Errorf("assume role %s in %s: %w", role, account, err), reasonAssumeRole, "AccessDenied")
}

// listError tells a worker that may not list the accounts, or has no organization, from
// a call that failed.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html#API_ListAccounts_Errors
func listError(err error) error {
	return workerError(fmt.Errorf("list the accounts: %w", err),
		reasonListAccounts, "AccessDeniedException", "AWSOrganizationsNotInUseException")
}

// workerError gives a reason to the error of a call that the worker makes as itself:
// denied if AWS responded with one of the codes. If the worker's credentials are at
// fault, no target ends for it.
func workerError(err error, denied string, codes ...string) error {
	var api smithy.APIError
	if errors.As(err, &api) && slices.Contains(codes, api.ErrorCode()) {
		return &reasonError{denied, err}
	}
	if reason := flowlogs.ReasonOf(err); reason != "" && !reason.Retryable() {
		return &reasonError{reasonWorker, err}
	}
	return err
}
