// Client is the other side of the nameservers and of the ACME server of the tests: it has a certificate signed as
// cert-manager does, with its client of ACME, its search for the zone, its updates (RFC 2136) and its look before a
// challenge is to be validated; or it sets one record in the same way.
//
// cert-manager's own controller needs a Kubernetes API and finds all this in a ClusterIssuer; the flags here are named
// after the fields there.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/rfc2136"
	"github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/util"
)

const module = "github.com/cert-manager/cert-manager"

type options struct {
	directory, trust, nameserver, resolver, keyName, algorithm, secret, set string
	names                                                                   []string
}

func main() {
	var o options
	var names string
	version := flag.Bool("version", false, "print the version of cert-manager")
	flag.StringVar(&o.directory, "server", "", "URL of the directory of the ACME server")
	flag.StringVar(&o.trust, "ca-bundle", "", "file with the CA of that server")
	flag.StringVar(&o.nameserver, "nameserver", "", "who takes the updates, host:port")
	flag.StringVar(&o.resolver, "recursive-nameservers", "", "who is asked for zones and records, host:port")
	flag.StringVar(&o.keyName, "tsig-key-name", "", "name of the key that signs; its value is in TSIG_SECRET")
	flag.StringVar(&o.algorithm, "tsig-algorithm", "HMACSHA256", "as in a ClusterIssuer")
	flag.StringVar(&o.set, "set", "", "name of a TXT record to set, in place of an order")
	flag.StringVar(&names, "names", "", "what the certificate is for, with commas between")
	flag.Parse()
	if *version {
		fmt.Println(built())
		return
	}
	o.secret, o.names = os.Getenv("TSIG_SECRET"), strings.Split(names, ",")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.set != "" {
		return set(ctx, o)
	}
	return order(ctx, o)
}

// built is the version of cert-manager that this was built with.
func built() string {
	info, _ := debug.ReadBuildInfo()
	for _, one := range info.Deps {
		if one.Path == module {
			return one.Version
		}
	}
	return "unknown"
}

func solver(o options) (*rfc2136.DNSProvider, error) {
	return rfc2136.NewDNSProviderCredentials(o.nameserver, o.algorithm, o.keyName, o.secret)
}

func set(ctx context.Context, o options) error {
	zone, err := util.FindZoneByFqdn(ctx, o.set, []string{o.resolver})
	if err != nil {
		return err
	}
	provider, err := solver(o)
	if err != nil {
		return err
	}
	return provider.Present("", o.set, zone, "set by hand")
}
