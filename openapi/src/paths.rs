//! Paths of the management API, used by the server's routes and by the console.

/// Creates a key.
pub const KEY_GENERATE: &str = "/key/generate";
/// Changes a key.
pub const KEY_UPDATE: &str = "/key/update";
/// Deletes keys.
pub const KEY_DELETE: &str = "/key/delete";
/// Shows one key.
pub const KEY_INFO: &str = "/key/info";
/// Lists keys.
pub const KEY_LIST: &str = "/key/list";
/// Blocks a key.
pub const KEY_BLOCK: &str = "/key/block";
/// Lets a blocked key work again.
pub const KEY_UNBLOCK: &str = "/key/unblock";
/// Makes a key that belongs to a team and to no user.
pub const KEY_SERVICE_ACCOUNT_GENERATE: &str = "/key/service-account/generate";
/// Changes many keys.
pub const KEY_BULK_UPDATE: &str = "/key/bulk_update";
/// Changes many keys of a team in the same way.
pub const TEAM_KEY_BULK_UPDATE: &str = "/team/key/bulk_update";
/// Deletes many keys.
pub const KEY_BULK_DELETE: &str = "/key/bulk_delete";
/// What the caller may give a key.
pub const KEY_BOUNDS: &str = "/key/bounds";
/// Gives a key a new secret.
pub const KEY_REGENERATE: &str = "/key/regenerate";
/// The same, with the key in the path.
pub const KEY_REGENERATE_NAMED: &str = "/key/{key}/regenerate";
/// Sets back what a key has spent.
pub const KEY_RESET_SPEND: &str = "/key/{key}/reset_spend";
/// Lists names of keys.
pub const KEY_ALIASES: &str = "/key/aliases";
/// Shows many keys.
pub const KEYS_INFO: &str = "/v2/key/info";
/// Lists changes.
pub const AUDIT_LIST: &str = "/audit";
/// Shows one change.
pub const AUDIT_INFO: &str = "/audit/{id}";
/// Lists alerts and what became of them.
pub const ALERT_LIST: &str = "/alert/list";
/// Lists channels.
pub const ALERT_CHANNEL_LIST: &str = "/alert/channel/list";
/// Adds a channel.
pub const ALERT_CHANNEL_NEW: &str = "/alert/channel/new";
/// Changes or mutes a channel.
pub const ALERT_CHANNEL_UPDATE: &str = "/alert/channel/update";
/// Deletes a channel.
pub const ALERT_CHANNEL_DELETE: &str = "/alert/channel/delete";
/// Tells a channel something at once.
pub const ALERT_CHANNEL_TEST: &str = "/alert/channel/test";
/// Makes a reusable budget.
pub const BUDGET_NEW: &str = "/budget/new";
/// Changes a budget.
pub const BUDGET_UPDATE: &str = "/budget/update";
/// Shows budgets by id.
pub const BUDGET_INFO: &str = "/budget/info";
/// Lists budgets.
pub const BUDGET_LIST: &str = "/budget/list";
/// Deletes a budget.
pub const BUDGET_DELETE: &str = "/budget/delete";
/// Tries the cache.
pub const CACHE_PING: &str = "/cache/ping";
/// Forgets answers.
pub const CACHE_DELETE: &str = "/cache/delete";
/// Forgets all answers.
pub const CACHE_FLUSHALL: &str = "/cache/flushall";
/// Makes a team.
pub const TEAM_NEW: &str = "/team/new";
/// Changes a team.
pub const TEAM_UPDATE: &str = "/team/update";
/// Deletes teams.
pub const TEAM_DELETE: &str = "/team/delete";
/// Shows one team.
pub const TEAM_INFO: &str = "/team/info";
/// Lists teams.
pub const TEAM_LIST: &str = "/team/list";
/// Lists teams, a page at a time.
pub const TEAM_LIST_PAGE: &str = "/v2/team/list";
/// Blocks a team.
pub const TEAM_BLOCK: &str = "/team/block";
/// Lets a blocked team's keys work again.
pub const TEAM_UNBLOCK: &str = "/team/unblock";
/// Adds a callback to a team, or shows those it has.
pub const TEAM_CALLBACK: &str = "/team/{team_id}/callback";
/// Removes a callback from a team.
pub const TEAM_CALLBACK_NAMED: &str = "/team/{team_id}/callback/{callback_name}";
/// Removes all callbacks from a team.
pub const TEAM_DISABLE_LOGGING: &str = "/team/{team_id}/disable_logging";
/// Adds members to a team.
pub const TEAM_MEMBER_ADD: &str = "/team/member_add";
/// Changes a member's role and limits.
pub const TEAM_MEMBER_UPDATE: &str = "/team/member_update";
/// Removes a member from a team.
pub const TEAM_MEMBER_DELETE: &str = "/team/member_delete";
/// Makes a user.
pub const USER_NEW: &str = "/user/new";
/// Changes a user.
pub const USER_UPDATE: &str = "/user/update";
/// Deletes users.
pub const USER_DELETE: &str = "/user/delete";
/// Changes the caller's own password.
pub const USER_PASSWORD_CHANGE: &str = "/user/password/change";
/// Has a link sent to who forgot their password.
pub const USER_PASSWORD_FORGOT: &str = "/user/password/forgot";
/// Sets a password with such a link.
pub const USER_PASSWORD_RESET: &str = "/user/password/reset";
/// Shows one user.
pub const USER_INFO: &str = "/user/info";
/// Lists users.
pub const USER_LIST: &str = "/user/list";
/// Registers a customer.
pub const CUSTOMER_NEW: &str = "/customer/new";
/// Changes a customer.
pub const CUSTOMER_UPDATE: &str = "/customer/update";
/// Shows one customer.
pub const CUSTOMER_INFO: &str = "/customer/info";
/// Lists customers.
pub const CUSTOMER_LIST: &str = "/customer/list";
/// Deletes customers.
pub const CUSTOMER_DELETE: &str = "/customer/delete";
/// Blocks customers.
pub const CUSTOMER_BLOCK: &str = "/customer/block";
/// Lets calls for blocked customers pass again.
pub const CUSTOMER_UNBLOCK: &str = "/customer/unblock";
/// LiteLLM's other paths of the operations on customers: `/end_user/new` and so on.
pub const END_USERS: &str = "/end_user";
/// Makes an organization.
pub const ORGANIZATION_NEW: &str = "/organization/new";
/// Changes an organization.
pub const ORGANIZATION_UPDATE: &str = "/organization/update";
/// Shows one organization.
pub const ORGANIZATION_INFO: &str = "/organization/info";
/// Lists organizations.
pub const ORGANIZATION_LIST: &str = "/organization/list";
/// Deletes organizations.
pub const ORGANIZATION_DELETE: &str = "/organization/delete";
/// Add members to an organization.
pub const ORGANIZATION_MEMBER_ADD: &str = "/organization/member_add";
/// Change a member of an organization.
pub const ORGANIZATION_MEMBER_UPDATE: &str = "/organization/member_update";
/// Remove a member from an organization.
pub const ORGANIZATION_MEMBER_DELETE: &str = "/organization/member_delete";
/// Registers a tag.
pub const TAG_NEW: &str = "/tag/new";
/// Changes a tag.
pub const TAG_UPDATE: &str = "/tag/update";
/// Shows tags by name.
pub const TAG_INFO: &str = "/tag/info";
/// Lists tags.
pub const TAG_LIST: &str = "/tag/list";
/// Deletes a tag.
pub const TAG_DELETE: &str = "/tag/delete";
/// Deployments with their parameters, prices and state.
pub const MODEL_INFO: &str = "/v1/model/info";
/// The same, LiteLLM's older path.
pub const MODEL_INFO_OLD: &str = "/model/info";
/// The same, a page at a time.
pub const MODEL_INFO_PAGE: &str = "/v2/model/info";
/// Deployments whose provider turns their model off.
pub const MODEL_DEPRECATIONS: &str = "/model/deprecations";
/// Public models, each with what its deployments have together.
pub const MODEL_GROUP_INFO: &str = "/model_group/info";
/// Adds a deployment.
pub const MODEL_NEW: &str = "/model/new";
/// Changes a deployment.
pub const MODEL_UPDATE: &str = "/model/update";
/// Changes a deployment, by its id in the path.
pub const MODEL_PATCH: &str = "/model/{model_id}/update";
/// Deletes a deployment.
pub const MODEL_DELETE: &str = "/model/delete";
/// Blocks a deployment.
pub const MODEL_BLOCK: &str = "/model/block";
/// Lets a blocked deployment be called again.
pub const MODEL_UNBLOCK: &str = "/model/unblock";
/// Makes a credential, and lists them.
pub const CREDENTIALS: &str = "/credentials";
/// Changes a credential, and deletes it.
pub const CREDENTIAL: &str = "/credentials/{credential_name}";
/// Shows one credential.
pub const CREDENTIAL_BY_NAME: &str = "/credentials/by_name/{credential_name}";
/// Judges a call without making it.
pub const POLICY_EXPLAIN: &str = "/policy/explain";
/// Raw or summed spend logs.
pub const SPEND_LOGS: &str = "/spend/logs";
/// Spend logs, filtered and paged.
pub const SPEND_LOGS_PAGE: &str = "/spend/logs/v2";
/// Calls that were in flight when a gateway died.
pub const SPEND_INTERRUPTED: &str = "/spend/interrupted";
/// Says what such a call cost.
pub const SPEND_INTERRUPTED_RESOLVE: &str = "/spend/interrupted/resolve";
/// Everything the console's first page shows.
pub const SPEND_OVERVIEW: &str = "/spend/overview";
/// Usage by day and by group.
pub const SPEND_USAGE: &str = "/spend/usage";
/// Spend as a file.
pub const SPEND_EXPORT: &str = "/spend/export";
/// What this month will have cost when it ends.
pub const SPEND_FORECAST: &str = "/spend/forecast";
/// Months, open and closed.
pub const SPEND_MONTH_LIST: &str = "/spend/month/list";
/// Freezes the figures of a month.
pub const SPEND_MONTH_CLOSE: &str = "/spend/month/close";
/// Books an entry to a month that no call made.
pub const SPEND_ADJUSTMENT: &str = "/spend/adjustment";
/// What was booked to months apart from their calls.
pub const SPEND_ADJUSTMENTS: &str = "/spend/adjustments";
/// What deployments cost, and since when.
pub const SPEND_PRICES: &str = "/spend/prices";
/// A month as a bill.
pub const SPEND_STATEMENT: &str = "/spend/statement";
/// Saves a report.
pub const REPORT_NEW: &str = "/spend/report/new";
/// Changes a report.
pub const REPORT_UPDATE: &str = "/spend/report/update";
/// Deletes a report.
pub const REPORT_DELETE: &str = "/spend/report/delete";
/// Reports that somebody may read.
pub const REPORT_LIST: &str = "/spend/report/list";
/// A report and what became of it.
pub const REPORT_INFO: &str = "/spend/report/info";
/// Sends a report now.
pub const REPORT_RUN: &str = "/spend/report/run";
/// The file of a report.
pub const REPORT_FILE: &str = "/spend/report/file";
/// Budgets of providers and what of them is spent.
pub const PROVIDER_BUDGETS: &str = "/provider/budgets";
/// Total spend.
pub const GLOBAL_SPEND: &str = "/global/spend";
/// Spend by day.
pub const GLOBAL_SPEND_LOGS: &str = "/global/spend/logs";
/// Top keys by spend.
pub const GLOBAL_SPEND_KEYS: &str = "/global/spend/keys";
/// Top models by spend.
pub const GLOBAL_SPEND_MODELS: &str = "/global/spend/models";
/// Top teams by spend.
pub const GLOBAL_SPEND_TEAMS: &str = "/global/spend/teams";
/// Spend by provider.
pub const GLOBAL_SPEND_PROVIDER: &str = "/global/spend/provider";
/// Top customers by spend.
pub const GLOBAL_SPEND_END_USERS: &str = "/global/spend/end_users";
/// Spend by tag.
pub const GLOBAL_SPEND_TAGS: &str = "/global/spend/tags";
/// Every tag there is spend of.
pub const GLOBAL_SPEND_ALL_TAG_NAMES: &str = "/global/spend/all_tag_names";
/// Spend by day and team or customer, or by key.
pub const GLOBAL_SPEND_REPORT: &str = "/global/spend/report";
/// Sets back the spend of all keys and teams.
pub const GLOBAL_SPEND_RESET: &str = "/global/spend/reset";
/// Spend of keys, by key and model.
pub const KEY_SPEND_REPORT: &str = "/key/spend/report";
/// Spend of users, by key and model.
pub const USER_SPEND_REPORT: &str = "/user/spend/report";
/// Spend of teams, by key and model.
pub const TEAM_SPEND_REPORT: &str = "/team/spend/report";
/// Spend of organizations, by key and model.
pub const ORGANIZATION_SPEND_REPORT: &str = "/organization/spend/report";
/// Requests and tokens by model and day.
pub const GLOBAL_ACTIVITY_MODEL: &str = "/global/activity/model";
/// Keys by spend.
pub const SPEND_KEYS: &str = "/spend/keys";
/// Users with what they spent.
pub const SPEND_USERS: &str = "/spend/users";
/// Tags by spend.
pub const SPEND_TAGS: &str = "/spend/tags";
/// What a call would cost, or an answer did.
pub const SPEND_CALCULATE: &str = "/spend/calculate";
/// What requests of a kind would cost.
pub const COST_ESTIMATE: &str = "/cost/estimate";
/// Activity of users by day.
pub const USER_DAILY_ACTIVITY: &str = "/user/daily/activity";
/// The same of all its days at once.
pub const USER_DAILY_ACTIVITY_WHOLE: &str = "/user/daily/activity/aggregated";
/// The same as a file.
pub const USER_DAILY_ACTIVITY_EXPORT: &str = "/user/daily/activity/export";
/// Activity of teams by day.
pub const TEAM_DAILY_ACTIVITY: &str = "/team/daily/activity";
/// The same of all its days at once.
pub const TEAM_DAILY_ACTIVITY_WHOLE: &str = "/team/daily/activity/aggregated";
/// The same as a file.
pub const TEAM_DAILY_ACTIVITY_EXPORT: &str = "/team/daily/activity/export";
/// Activity of organizations by day.
pub const ORGANIZATION_DAILY_ACTIVITY: &str = "/organization/daily/activity";
/// The same of all its days at once.
pub const ORGANIZATION_DAILY_ACTIVITY_WHOLE: &str = "/organization/daily/activity/aggregated";
/// The same as a file.
pub const ORGANIZATION_DAILY_ACTIVITY_EXPORT: &str = "/organization/daily/activity/export";
/// Activity of customers by day.
pub const CUSTOMER_DAILY_ACTIVITY: &str = "/customer/daily/activity";
/// The same of all its days at once.
pub const CUSTOMER_DAILY_ACTIVITY_WHOLE: &str = "/customer/daily/activity/aggregated";
/// The same as a file.
pub const CUSTOMER_DAILY_ACTIVITY_EXPORT: &str = "/customer/daily/activity/export";
/// Activity of tags by day.
pub const TAG_DAILY_ACTIVITY: &str = "/tag/daily/activity";
/// The same of all its days at once.
pub const TAG_DAILY_ACTIVITY_WHOLE: &str = "/tag/daily/activity/aggregated";
/// The same as a file.
pub const TAG_DAILY_ACTIVITY_EXPORT: &str = "/tag/daily/activity/export";
/// Requests and tokens by day.
pub const GLOBAL_ACTIVITY: &str = "/global/activity";
/// Lists settings.
pub const CONFIG_LIST: &str = "/config/list";
/// Changes settings of several sections.
pub const CONFIG_UPDATE: &str = "/config/update";
/// Shows one setting.
pub const CONFIG_FIELD_INFO: &str = "/config/field/info";
/// Changes one.
pub const CONFIG_FIELD_UPDATE: &str = "/config/field/update";
/// Takes one back to what config.yaml says.
pub const CONFIG_FIELD_DELETE: &str = "/config/field/delete";
/// What LiteLLM's console asks for.
pub const CONFIG_CALLBACKS: &str = "/get/config/callbacks";
/// Lists providers of single sign-on.
pub const SSO_PROVIDER_LIST: &str = "/sso/provider/list";
/// Adds one.
pub const SSO_PROVIDER_NEW: &str = "/sso/provider/new";
/// Changes one.
pub const SSO_PROVIDER_UPDATE: &str = "/sso/provider/update";
/// Removes one.
pub const SSO_PROVIDER_DELETE: &str = "/sso/provider/delete";
/// Asks one, saved or not, whether people could sign in by it.
pub const SSO_PROVIDER_TEST: &str = "/sso/provider/test";
/// Lists the tokens of directories.
pub const SCIM_TOKEN_LIST: &str = "/scim/token/list";
/// Makes one.
pub const SCIM_TOKEN_NEW: &str = "/scim/token/new";
/// Deletes one.
pub const SCIM_TOKEN_DELETE: &str = "/scim/token/delete";
/// Lists the ways to sign in by single sign-on.
pub const SSO_CHOICES: &str = "/sso/choices";
/// Finds the way to sign in for an e-mail address.
pub const SSO_LOOKUP: &str = "/sso/lookup";
/// Signs in.
pub const SESSION_NEW: &str = "/session/new";
/// Who is signed in.
pub const SESSION_INFO: &str = "/session/info";
/// Signs out.
pub const SESSION_DELETE: &str = "/session/delete";
/// Where a user is signed in.
pub const SESSION_LIST: &str = "/session/list";
/// Ends sessions.
pub const SESSION_REVOKE: &str = "/session/revoke";
/// Invites a user.
pub const INVITATION_NEW: &str = "/invitation/new";
/// Shows one invitation.
pub const INVITATION_INFO: &str = "/invitation/info";
/// Closes an invitation.
pub const INVITATION_UPDATE: &str = "/invitation/update";
/// Deletes an invitation.
pub const INVITATION_DELETE: &str = "/invitation/delete";
/// Sets one's password with an invitation.
pub const INVITATION_ACCEPT: &str = "/invitation/accept";
/// Whether there is a second factor.
pub const SECOND_FACTOR_INFO: &str = "/second_factor/info";
/// Begins a second factor.
pub const SECOND_FACTOR_NEW: &str = "/second_factor/new";
/// Puts it in force.
pub const SECOND_FACTOR_CONFIRM: &str = "/second_factor/confirm";
/// Makes other recovery codes.
pub const SECOND_FACTOR_RECOVERY_CODES_NEW: &str = "/second_factor/recovery_codes/new";
/// Removes it.
pub const SECOND_FACTOR_DELETE: &str = "/second_factor/delete";
/// Makes an access token.
pub const ACCESS_TOKEN_NEW: &str = "/access_token/new";
/// Lists access tokens.
pub const ACCESS_TOKEN_LIST: &str = "/access_token/list";
/// Revokes an access token.
pub const ACCESS_TOKEN_DELETE: &str = "/access_token/delete";
/// The process answers.
pub const HEALTH_LIVELINESS: &str = "/health/liveliness";
/// The same, LiteLLM's other spelling.
pub const HEALTH_LIVENESS: &str = "/health/liveness";
/// Calls can be served.
pub const HEALTH_READINESS: &str = "/health/readiness";
/// Calls every deployment once.
pub const HEALTH: &str = "/health";
/// What was found when each deployment was last asked.
pub const HEALTH_LATEST: &str = "/health/latest";
/// Tries a deployment that is not saved.
pub const HEALTH_TEST_CONNECTION: &str = "/health/test_connection";
/// The last checks of each deployment.
pub const HEALTH_HISTORY: &str = "/health/history";
/// Tries a callback or a channel of alerts.
pub const HEALTH_SERVICES: &str = "/health/services";

/// Counters and gauges for Prometheus.
pub const METRICS: &str = "/metrics";
/// The management API's own description.
pub const OPENAPI: &str = "/openapi.json";

/// Header that a cookie-authenticated write must carry: a form of another site cannot set it.
pub const CSRF_HEADER: &str = "x-tollgate-console";
