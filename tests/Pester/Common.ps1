# What several test files use. They dot-source it in their BeforeAll.

# `pwsh` is one of the same kind as this one, whatever else is on PATH.
. "$PSScriptRoot/../../build/Get-Pwsh.ps1"
$pwshFolder = Split-Path (Get-Pwsh)
if (-not $env:PATH.StartsWith("${pwshFolder}:")) { $env:PATH = "${pwshFolder}:$env:PATH" }

# Skips the current test where it needs root and the user is another one.
function Skip-WithoutRoot {
    if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'it needs root' }
}

# The errors that a script writes, in order; its output is dropped.
function Get-Failure([scriptblock] $Script) {
    $ErrorActionPreference = 'Continue'
    @(& $Script 2>&1 | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
}

# Exactly one error, with this id of a cmdlet, category and target, that says these words, and what to do about it at the end.
function Assert-Failure([object[]] $Failure, [string] $Id, [string] $Category, [string] $Target, [string[]] $Says) {
    $Failure.Count | Should -Be 1 -Because 'one thing goes wrong'
    $Failure[0].FullyQualifiedErrorId | Should -BeExactly $Id
    $Failure[0].CategoryInfo.Category | Should -Be $Category
    $Failure[0].TargetObject | Should -BeExactly $Target
    $details = $Failure[0].ErrorDetails
    $details.RecommendedAction | Should -Not -BeNullOrEmpty
    $Failure[0].Exception.Message | Should -BeExactly "$($details.Message) $($details.RecommendedAction)"
    foreach ($words in $Says) {
        $Failure[0].Exception.Message | Should -BeLike "*$([WildcardPattern]::Escape($words))*"
    }
}

# Bytes that look random and are the same at every run.
function Get-TestByte([int] $Count, [int] $Seed = 1) {
    $bytes = [byte[]]::new($Count)
    [Random]::new($Seed).NextBytes($bytes)
    , $bytes
}

# The file has these bytes and no others.
function Assert-Content([string] $Path, [byte[]] $Bytes) {
    $actual = [IO.File]::ReadAllBytes($Path)
    $actual.Length | Should -Be $Bytes.Length
    [Linq.Enumerable]::SequenceEqual($actual, $Bytes) | Should -BeTrue -Because "$Path has the same bytes"
}

function Get-Hash([string] $Path) {
    (Get-FileHash -LiteralPath $Path).Hash
}

# Waits for what another thread or process does. The limit only keeps a failure from hanging.
function Wait-Until([scriptblock] $Condition, [string] $What) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not (& $Condition)) {
        if ($clock.Elapsed.TotalSeconds -gt 30) {
            throw "30 seconds have gone by without: $What"
        }

        Start-Sleep -Milliseconds 10
    }
}

# A tree as find sees it: kind, permissions, size, link target and name of everything in it, in order. Further fields are
# find's: %T@ for the time of the last modification, say.
function Get-Tree([string] $Path, [string] $Fields = '') {
    find $Path -mindepth 1 '(' -type d -printf "%y %m 0 $Fields %P`\n" -o -printf "%y %m %s $Fields %P %l`\n" ')' | Sort-Object -CaseSensitive
}

# The ids of the children of this process. A thread can end during the search: its children then belong to another thread.
function Get-ChildProcess {
    @((Get-Content /proc/self/task/*/children -ErrorAction Ignore) -split ' ' -ne '')
}

# The threads of this process that copy trees.
function Get-CopyThread {
    # A thread can end during the search.
    @(foreach ($task in [IO.Directory]::GetDirectories('/proc/self/task')) { try { [IO.File]::ReadAllText("$task/comm").Trim() } catch { $null } }) -like 'Splice*'
}

# What a process holds open at or below a path: the size and name behind each descriptor.
function Get-OpenFile([string] $Path, [int] $ProcessId = $PID) {
    $folder = "/proc/$ProcessId/fd"
    foreach ($link in [IO.Directory]::Exists($folder) ? [IO.Directory]::GetFileSystemEntries($folder) : @()) {
        $target = try { [IO.FileInfo]::new($link).LinkTarget } catch { $null }
        if ("$target".StartsWith($Path, [StringComparison]::Ordinal)) {
            $size = stat --dereference --format %s $link 2>/dev/null
            [pscustomobject]@{ Name = $target; Size = [long]$size }
        }
    }
}

# The process has nothing open at or below a path. What a copy that is stopped throws away is closed in the background.
function Assert-Closed([string] $Path) {
    Wait-Until { -not (Get-OpenFile $Path) } "the files of $Path being closed"
}

# The mode that the kernel has for a socket, O_NONBLOCK among it.
function Get-DescriptorFlag([Net.Sockets.Socket] $Socket) {
    (Get-Content "/proc/self/fdinfo/$($Socket.SafeHandle.DangerousGetHandle())") -like 'flags:*'
}

# A new folder on tmpfs, where -Method Auto tries what copies inside the kernel first.
function Add-MemoryFolder {
    [IO.Directory]::CreateDirectory("/dev/shm/splice-test-$([guid]::NewGuid().ToString('N'))").FullName
}

# A new folder on tmpfs with a folder 'many' of empty files: more than the 1000 results that wait at most for whoever takes them.
function Add-ManyFile {
    $folder = Add-MemoryFolder
    $null = [IO.Directory]::CreateDirectory("$folder/many")
    1..1500 | ForEach-Object { "$folder/many/$_" } | xargs touch
    $folder
}

# Makes the next progress bar come after a second again. The module spaces bars by how long the last one in the process took.
function Clear-ProgressDelay {
    $reporter = (Get-Command Copy-ItemZeroCopy).ImplementingType.Assembly.GetType('Splice.Output.ProgressReporter', $true)
    $reporter.GetField('_drawing', [Reflection.BindingFlags]'Static, NonPublic').SetValue($null, [timespan]::Zero)
}

# A script under way in a runspace of its own, with the module loaded.
function Invoke-Background([string] $Script, [object[]] $ArgumentList) {
    Clear-ProgressDelay
    $state = [initialsessionstate]::CreateDefault2()
    # What would be loaded at its first use may not be when the script is stopped there.
    $state.ImportPSModule([string[]]('Microsoft.PowerShell.Utility', (Get-Module Splice).Path))
    $shell = [powershell]::Create($state).AddScript($Script)
    foreach ($argument in $ArgumentList) {
        $shell = $shell.AddArgument($argument)
    }

    $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
    $none = [System.Management.Automation.PSDataCollection[psobject]]::new()
    $none.Complete()
    [pscustomobject]@{ Shell = $shell; Output = $output; Invocation = $shell.BeginInvoke($none, $output) }
}

function Wait-Background([object] $Background) {
    if (-not $Background.Invocation.AsyncWaitHandle.WaitOne(30000)) {
        throw 'The script in the background does not end.'
    }
}

# A process whose output is not wanted here. It has the default signal handlers, also where this one ignores a signal
# (under nohup, or in the background of a script), and its ID is that of the program.
function Invoke-Process([string] $Name, [string[]] $ArgumentList) {
    $start = [Diagnostics.ProcessStartInfo]::new('env', [string[]](@('--default-signal', $Name) + $ArgumentList))
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    [Diagnostics.Process]::Start($start)
}

# The program and the first arguments that start a command in a mount namespace of its own, where a file or folder is also at
# another path. A FUSE file system of a parallel test ends with its last mount only, so the namespace must not keep a copy of it.
function Get-BindMountCommand([string] $Source, [string] $Target) {
    'unshare', '--mount', '--propagation', 'slave', 'sh', '-c'
    'umount --all --types fuse --lazy 2>/dev/null; mount --bind "$0" "$1" && shift && exec "$@"', $Source, $Target
}

# The program and the first arguments that start a pwsh as a user without privileges: the current one, or another one where that
# is root. Every user must have access to the module and to the folder. Root's pwsh can be in a folder that no other user has
# access to: the new process sees it as /mnt.
function Get-PlainUserCommand([int] $UserId = 65534) {
    if ((id -u) -ne 0) { return 'pwsh' }
    $isTool = [IO.Path]::GetFileName([Environment]::ProcessPath) -eq 'dotnet'
    Get-BindMountCommand $PSHOME /mnt
    'setpriv', "--reuid=$UserId", "--regid=$UserId", '--clear-groups', 'env', 'HOME=/nonexistent'
    if ($isTool) { [Environment]::ProcessPath, '/mnt/pwsh.dll' } else { '/mnt/pwsh' }
}

# Runs a script in a pwsh of a user without privileges.
function Invoke-PlainUser([string] $Script, [int] $UserId = 65534) {
    $program, $first = Get-PlainUserCommand $UserId
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($Script))
    & $program @first -NoProfile -NonInteractive -EncodedCommand $encoded
}

# A copy of the module that every user has access to. Returns its manifest.
function Copy-ModuleForAll {
    Copy-Item -Recurse (Get-Module Splice).ModuleBase "$TestDrive/module" -Force
    chmod -R a+rX "$TestDrive/module"
    "$TestDrive/module/Splice.psd1"
}

# A pwsh of a user without privileges that runs one script after the other, for those that leave nothing in it.
function Open-PlainShell {
    $program, $first = Get-PlainUserCommand
    $loop = @'
        while ($line = [Console]::In.ReadLine()) {
            & ([scriptblock]::Create([Text.Encoding]::Unicode.GetString([Convert]::FromBase64String($line)))) | ForEach-Object { [Console]::Out.WriteLine("$_") }
            [Console]::Out.WriteLine('-- end of the script')
        }
'@
    $start = [Diagnostics.ProcessStartInfo]::new($program, [string[]](@($first) + '-NoProfile', '-NonInteractive', '-Command', $loop))
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
    [Diagnostics.Process]::Start($start)
}

# The lines that a script writes in it.
function Invoke-PlainShell([Diagnostics.Process] $Shell, [string] $Script) {
    $Shell.StandardInput.WriteLine([Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($Script)))
    while (($line = $Shell.StandardOutput.ReadLine()) -ne '-- end of the script') {
        if ($null -eq $line) { throw 'The shell has ended.' }
        $line
    }
}

# An sshd of the tests' own on the loopback, with its own keys, and an ssh before the others in PATH that knows it by the
# names web1, web2 and web3. Each is a home folder of its own. Answers what Close-SshHost takes; nothing where there is none.
function Open-SshHost([string] $Folder) {
    if (-not (Test-Path /usr/sbin/sshd) -or (id -u) -ne 0 -or -not (Get-Command ssh -ErrorAction Ignore)) { return }
    $real = (Get-Command ssh -CommandType Application)[0].Source
    $null = New-Item -ItemType Directory -Force $Folder, "$Folder/bin", /run/sshd
    foreach ($key in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f "$Folder/$key" }
    Copy-Item "$Folder/user.pub" "$Folder/authorized"
    $processes = foreach ($name in 'web1', 'web2', 'web3') {
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $listener.Stop()
        $null = New-Item -ItemType Directory "$Folder/$name", "$Folder/$name/images"
        Set-Content "$Folder/$name.sh" "#!/bin/sh`ncd '$Folder/$name'`nexec sh -c `"`$SSH_ORIGINAL_COMMAND`""
        chmod +x "$Folder/$name.sh"
        Set-Content "$Folder/$name.conf" @"
Port $port
ListenAddress 127.0.0.1
HostKey $Folder/host
PidFile none
AuthorizedKeysFile $Folder/authorized
PasswordAuthentication no
PermitRootLogin yes
StrictModes no
UsePAM no
KexAlgorithms curve25519-sha256
LogLevel QUIET
SetEnv HOME=$Folder
ForceCommand $Folder/$name.sh
"@
        Add-Content "$Folder/config" @"
Host $name
HostName 127.0.0.1
Port $port
User root
IdentityFile $Folder/user
IdentitiesOnly yes
UserKnownHostsFile $Folder/known
"@
        Add-Content "$Folder/known" "[127.0.0.1]:$port $(Get-Content "$Folder/host.pub")"
        $process = [Diagnostics.Process]::Start('/usr/sbin/sshd', [string[]]('-D', '-r', '-f', "$Folder/$name.conf"))
        Wait-Until { try { [Net.Sockets.TcpClient]::new('127.0.0.1', $port).Dispose(); $true } catch { $false } } 'sshd listens'
        $process
    }

    # The examples name a user; here all are root.
    Set-Content "$Folder/bin/ssh" "#!/bin/bash`nfor a; do case `$a in admin) a=root;; esac; set -- `"`$@`" `"`$a`"; shift; done`nexec $real -F '$Folder/config' `"`$@`""
    chmod +x "$Folder/bin/ssh"
    $before = $env:PATH
    $env:PATH = "$Folder/bin:$before"
    [pscustomobject]@{ Processes = $processes; Path = $before; Folder = $Folder }
}

function Close-SshHost([object] $Server) {
    if ($Server) {
        $env:PATH = $Server.Path
        $Server.Processes | ForEach-Object { $_.Kill(); $_.WaitForExit() }
    }
}
