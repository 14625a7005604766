# watcher: Tenant Allow/Block List, 500 entries at most (plan none).
# Users cannot send to a listed name (550 5.7.703). The entire message is blocked for all its recipients, even if only one of them is listed.
# Connect-ExchangeOnline first. Entries that are there already are refused, without harm.
New-TenantAllowBlockListItems -ListType Sender -Block -NoExpiration -Notes 'watcher' -Entries '*.army.ml','*.us.army.ml','*.xn--armee-9ta.example'
