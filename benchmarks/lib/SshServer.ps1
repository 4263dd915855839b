# An sshd with keys of its own on the loopback, and in FOLDER/bin an ssh that knows it by some names. Each name has a port of its own,
# at which commands run in FOLDER/NAME, without the start files of the user's shell.
function Open-SshServer([string] $Folder, [string[]] $HostName) {
    $null = [IO.Directory]::CreateDirectory('/run/sshd')
    $null = [IO.Directory]::CreateDirectory("$Folder/bin")
    foreach ($key in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f "$Folder/$key" }
    $listeners = foreach ($name in $HostName) {
        $null = [IO.Directory]::CreateDirectory("$Folder/$name")
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $listener
    }
    $ports = @($listeners.LocalEndpoint.Port)
    $listeners | ForEach-Object Stop
    # A forced command has no internal-sftp.
    $sftp = '/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server', '/usr/lib/ssh/sftp-server' | Where-Object { Test-Path $_ } | Select-Object -First 1
    Set-Content "$Folder/sshd.conf" @"
$($ports.ForEach({ "Port $_" }) -join "`n")
ListenAddress 127.0.0.1
HostKey $Folder/host
PidFile none
AuthorizedKeysFile $Folder/user.pub
PermitRootLogin yes
StrictModes no
UsePAM no
LogLevel QUIET
MaxStartups 100
SetEnv HOME=$Folder
Subsystem sftp $sftp
$(0..($ports.Count - 1) | ForEach-Object { "Match LocalPort $($ports[$_])`n    ForceCommand cd '$Folder/$($HostName[$_])' && eval `"`$SSH_ORIGINAL_COMMAND`"" } | Join-String -Separator "`n")
"@
    $hosts = @(0..($ports.Count - 1) | ForEach-Object { "Host $($HostName[$_])`nHostName 127.0.0.1`nPort $($ports[$_])" })
    Set-Content "$Folder/config" ($hosts + @"
Host *
User root
IdentityFile $Folder/user
IdentitiesOnly yes
UserKnownHostsFile $Folder/known
"@)
    Set-Content "$Folder/known" ($ports | ForEach-Object { "[127.0.0.1]:$_ $(Get-Content "$Folder/host.pub")" })
    Set-Content "$Folder/bin/ssh" "#!/bin/sh`nexec $((Get-Command ssh -CommandType Application)[0].Source) -F '$Folder/config' `"`$@`""
    chmod +x "$Folder/bin/ssh"
    $server = [Diagnostics.Process]::Start('/usr/sbin/sshd', [string[]]('-D', '-f', "$Folder/sshd.conf"))
    do {
        Start-Sleep -Milliseconds 20
        $answers = try { [Net.Sockets.TcpClient]::new('127.0.0.1', $ports[-1]).Dispose(); $true } catch [Net.Sockets.SocketException] { $false }
    } until ($answers -or $server.HasExited)

    $server
}

# The bytes that the loopback has carried.
function Get-LoopbackByte {
    [long](-split ([IO.File]::ReadAllLines('/proc/net/dev') -match '^ *lo:')[0].Replace('lo:', ''))[0]
}
