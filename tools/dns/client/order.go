package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/util"
	"github.com/cert-manager/cert-manager/third_party/forked/acme"
)

// order prints the chain of a certificate, leaf first.
func order(ctx context.Context, o options) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	bundle, err := os.ReadFile(o.trust)
	if err != nil {
		return err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(bundle)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	client := &acme.Client{Key: key, DirectoryURL: o.directory, HTTPClient: &http.Client{Transport: transport}}
	if _, err := client.Register(ctx, &acme.Account{}, acme.AcceptTOS); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	ordered, err := client.AuthorizeOrder(ctx, acme.DomainIDs(o.names...))
	if err != nil {
		return fmt.Errorf("order: %w", err)
	}
	for _, url := range ordered.AuthzURLs {
		if err := prove(ctx, o, client, url); err != nil {
			return err
		}
	}
	url := ordered.URI
	ordered, err = client.WaitOrder(ctx, url)
	if err != nil {
		return fmt.Errorf("order: %w", err)
	}
	return finish(ctx, o, client, ordered, url)
}

// prove answers one challenge: the record appears, is seen, is validated, and goes.
func prove(ctx context.Context, o options, client *acme.Client, url string) error {
	authorization, err := client.GetAuthorization(ctx, url)
	if err != nil {
		return fmt.Errorf("authorization: %w", err)
	}
	var challenge *acme.Challenge
	for _, one := range authorization.Challenges {
		if one.Type == "dns-01" {
			challenge = one
		}
	}
	if challenge == nil {
		return fmt.Errorf("%s: no challenge of DNS", authorization.Identifier.Value)
	}
	value, err := client.DNS01ChallengeRecord(challenge.Token)
	if err != nil {
		return err
	}
	resolvers := []string{o.resolver}
	fqdn, err := util.DNS01LookupFQDN(ctx, authorization.Identifier.Value, false, resolvers...)
	if err != nil {
		return err
	}
	zone, err := util.FindZoneByFqdn(ctx, fqdn, resolvers)
	if err != nil {
		return err
	}
	provider, err := solver(o)
	if err != nil {
		return err
	}
	if err := provider.Present("", fqdn, zone, value); err != nil {
		return fmt.Errorf("%s in %s: %w", fqdn, zone, err)
	}
	defer func() { _ = provider.CleanUp("", fqdn, zone, value) }()
	for seen := false; !seen; time.Sleep(time.Second) {
		seen, err = util.PreCheckDNS(ctx, fqdn, value, resolvers, false)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("self check: %w", err)
		}
	}
	if _, err := client.Accept(ctx, challenge); err != nil {
		return fmt.Errorf("challenge: %w", err)
	}
	_, err = client.WaitAuthorization(ctx, url)
	return err
}

func finish(ctx context.Context, o options, client *acme.Client, ordered *acme.Order, url string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: o.names}, key)
	if err != nil {
		return err
	}
	chain, _, err := client.CreateOrderCert(ctx, ordered.FinalizeURL, request, true)
	if err != nil {
		// As the controller does (pkg/controller/acmeorders/sync.go): the answer need not say where the order is.
		signed, waited := client.WaitOrder(ctx, url)
		if waited != nil {
			return fmt.Errorf("certificate: %w, %w", err, waited)
		}
		if chain, err = client.FetchCert(ctx, signed.CertURL, true); err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
	}
	for _, one := range chain {
		if err := pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: one}); err != nil {
			return err
		}
	}
	return nil
}
