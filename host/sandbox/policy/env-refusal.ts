interface EnvRule {
  readonly names: RegExp;
  readonly why: string;
  /** It works on every program, those that make a sandbox too. */
  readonly isForAny?: true;
}

const LOADS_CODE = 'it makes programs load code';

/** Variables that no plugin is granted. The first that fits names the reason. */
const RULES: readonly EnvRule[] = [
  { names: /^(LD|DYLD|_RLD|LIBPATH|SHLIB)(_|$)/, why: 'it steers the dynamic linker', isForAny: true },
  {
    names: /^(GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|RESOLV_HOST_CONF|HOSTALIASES|LOCALDOMAIN)$/,
    why: 'it steers the C library',
    isForAny: true,
  },
  { names: /^NODE_EXTRA_CA_CERTS$/, why: 'it changes whom programs believe; the sandbox shows the system’s certificates' },
  { names: /^(NODE_(?!ENV$)|NPM_CONFIG_|BUN_|DENO_|TS_NODE_|ELECTRON_)/, why: `${LOADS_CODE} or changes how Node runs` },
  { names: /^(PYTHON|PERL5?|RUBY|GEM_|BUNDLE_|LUA_|PHP|R_|JULIA_)/, why: LOADS_CODE },
  { names: /^(PERL_|PERLLIB|PHPRC|CLASSPATH|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|JAVA_OPTS)/, why: LOADS_CODE },
  { names: /^(DOTNET_|COMPLUS_|CORECLR_|COR_|MONO_|GODEBUG$|RUSTC_|CARGO_)/, why: LOADS_CODE },
  {
    names: /^(BASH_ENV|BASH_FUNC_.*|ENV|ZDOTDIR|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|IFS|CDPATH|FPATH|GLOBIGNORE)$/,
    why: 'shells obey it',
    isForAny: true,
  },
  {
    names: /^(GIT_(?!AUTHOR_|COMMITTER_)|SSH_|GPG_AGENT_INFO$|PINENTRY_)/,
    why: 'it makes git or ssh start programs, or reaches an agent that holds keys',
  },
  { names: /^(EDITOR|VISUAL|PAGER|MANPAGER|BROWSER|LESSOPEN|LESSCLOSE|SHELL|SUDO_.*)$/, why: 'other programs start what it names' },
  { names: /^(PATH|HOME|TMPDIR|TEMP|TMP|PWD|OLDPWD|USER|LOGNAME)$/, why: 'the sandbox sets its own' },
  { names: /^OUTRIGGER_/, why: 'it is Outrigger’s own' },
  { names: /^(HTTPS?|ALL|FTP|NO|RSYNC|WSS?|SOCKS5?)_PROXY$/, why: 'the network of a plugin is its net grants' },
  {
    names: /^(SSL_CERT_(FILE|DIR)|OPENSSL_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|CURL_HOME|SSLKEYLOGFILE)$/,
    why: 'it changes whom programs believe',
  },
  { names: /^(DBUS_.*|XDG_.*|WAYLAND_.*|DISPLAY|XAUTHORITY|DOCKER_.*|KUBECONFIG)$/, why: 'it leads to services outside the sandbox' },
];

/** Why no plugin is granted this environment variable; undefined when it may be. The name is judged without regard to case. Pure. */
export function envRefusal(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'it is no name of a variable: use letters, digits and _';
  return RULES.find(({ names }) => names.test(name.toUpperCase()))?.why;
}

/** True for variables by which a program may be made to run other code than its own, whatever it is. Pure. */
export function steersAnyProgram(name: string): boolean {
  return RULES.some(({ names, isForAny }) => isForAny && names.test(name.toUpperCase()));
}
