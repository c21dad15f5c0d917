package simulation

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// credential is the scope in the signature of a request to AWS: who calls which
// service in which Region.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
var credential = regexp.MustCompile(`Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/aws4_request`)

// The access key of an account's role is its ID after this prefix. Any other key is a
// worker's.
const roleKeyPrefix = "ASIA"

// ServeHTTP serves STS, Organizations, EC2, and the truth as JSON at /truth.
// Signatures are not checked.
func (o *Organization) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/truth" {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(o.Truth()) //nolint:errcheck // the client is gone
		return
	}
	time.Sleep(o.options.Latency)
	scope := credential.FindStringSubmatch(req.Header.Get("Authorization"))
	if scope == nil {
		http.Error(w, "unsigned request", http.StatusForbidden)
		return
	}
	key, region, service := scope[1], scope[2], scope[3]
	switch service {
	case "sts":
		o.serveSTS(w, req)
	case "organizations":
		o.serveOrganizations(w)
	case "ec2":
		o.serveEC2(w, req, strings.TrimPrefix(key, roleKeyPrefix), region)
	default:
		http.Error(w, "not simulated: "+service, http.StatusNotImplemented)
	}
}

func (o *Organization) serveEC2(w http.ResponseWriter, req *http.Request, account, name string) {
	region := o.byTarget[[2]string{account, name}]
	if region == nil || region.Disabled {
		// The text is documented for the code. No document says how EC2 responds in a
		// Region that is not enabled.
		// https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
		respondXML(w, http.StatusUnauthorized, "<Response><Errors><Error><Code>AuthFailure</Code>"+
			"<Message>AWS was not able to validate the provided access credentials</Message></Error></Errors>"+
			"<RequestID>simulated</RequestID></Response>")
		return
	}
	region.EC2.ServeHTTP(w, req)
}

// serveSTS serves GetCallerIdentity and AssumeRole.
func (o *Organization) serveSTS(w http.ResponseWriter, req *http.Request) {
	const namespace = `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"`
	switch action := req.FormValue("Action"); action {
	case "GetCallerIdentity":
		respondXML(w, http.StatusOK, fmt.Sprintf(`<GetCallerIdentityResponse %s><GetCallerIdentityResult>`+
			`<Arn>arn:aws:iam::%[2]s:user/worker</Arn><UserId>worker</UserId><Account>%[2]s</Account>`+
			`</GetCallerIdentityResult></GetCallerIdentityResponse>`, namespace, Management))
	case "AssumeRole":
		account, _, _ := strings.Cut(strings.TrimPrefix(req.FormValue("RoleArn"), "arn:aws:iam::"), ":")
		if o.denied[account] {
			respondXML(w, http.StatusForbidden, fmt.Sprintf(`<ErrorResponse %s><Error><Type>Sender</Type><Code>AccessDenied</Code>`+
				`<Message>User: arn:aws:iam::%s:user/worker is not authorized to perform: sts:AssumeRole on resource: %s</Message>`+
				`</Error><RequestId>simulated</RequestId></ErrorResponse>`, namespace, Management, req.FormValue("RoleArn")))
			return
		}
		respondXML(w, http.StatusOK, fmt.Sprintf(`<AssumeRoleResponse %s><AssumeRoleResult><Credentials>`+
			`<AccessKeyId>%s%s</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>`+
			`<Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			namespace, roleKeyPrefix, account, time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	default:
		http.Error(w, "not simulated: "+action, http.StatusNotImplemented)
	}
}

// serveOrganizations serves ListAccounts.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func (o *Organization) serveOrganizations(w http.ResponseWriter) {
	type account struct {
		ID    string `json:"Id"`
		State string
	}
	var page struct{ Accounts []account }
	for _, id := range o.accounts {
		page.Accounts = append(page.Accounts, account{id, "ACTIVE"})
	}
	page.Accounts = append(page.Accounts, account{"888888888888", "SUSPENDED"})
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	json.NewEncoder(w).Encode(page) //nolint:errcheck // the client is gone
}

func respondXML(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// number returns a parameter that is a number, -1 if it is none, or the default.
func number(req *http.Request, name string, otherwise int) int {
	value := req.FormValue(name)
	if value == "" {
		return otherwise
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return -1
	}
	return n
}
