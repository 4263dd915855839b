# An sshd with keys of its own on the loopback, and in FOLDER/bin an ssh that knows it by some names.
function Open-SshServer([string] $Folder, [string[]] $HostName) {
    $null = [IO.Directory]::CreateDirectory('/run/sshd')
    $null = [IO.Directory]::CreateDirectory("$Folder/bin")
    foreach ($key in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f "$Folder/$key" }
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    Set-Content "$Folder/sshd.conf" @"
Port $port
ListenAddress 127.0.0.1
HostKey $Folder/host
PidFile none
AuthorizedKeysFile $Folder/user.pub
PermitRootLogin yes
StrictModes no
UsePAM no
LogLevel QUIET
MaxStartups 100
Subsystem sftp internal-sftp
"@
    $hosts = foreach ($name in $HostName) { "Host $name`nHostName 127.0.0.1" }
    Set-Content "$Folder/config" ($hosts + @"
Host *
Port $port
User root
IdentityFile $Folder/user
IdentitiesOnly yes
UserKnownHostsFile $Folder/known
"@)
    Set-Content "$Folder/known" "[127.0.0.1]:$port $(Get-Content "$Folder/host.pub")"
    Set-Content "$Folder/bin/ssh" "#!/bin/sh`nexec $((Get-Command ssh -CommandType Application)[0].Source) -F '$Folder/config' `"`$@`""
    chmod +x "$Folder/bin/ssh"
    $server = [Diagnostics.Process]::Start('/usr/sbin/sshd', [string[]]('-D', '-f', "$Folder/sshd.conf"))
    do {
        Start-Sleep -Milliseconds 20
        $answers = try { [Net.Sockets.TcpClient]::new('127.0.0.1', $port).Dispose(); $true } catch [Net.Sockets.SocketException] { $false }
    } until ($answers -or $server.HasExited)

    $server
}
