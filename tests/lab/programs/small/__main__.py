import pulumi
import pulumi_random as random

value = random.RandomPassword("password", length=12)
pulumi.export("urls", {"a": "https://a.example"})
