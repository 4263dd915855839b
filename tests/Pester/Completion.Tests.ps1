BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # What the Tab key offers at the end of a line.
    function Get-Completion([string] $Line) {
        @((TabExpansion2 -inputScript $Line -cursorColumn $Line.Length).CompletionMatches)
    }
}

Describe 'Completion of -HostName' {
    BeforeAll {
        $script:before = $env:HOME
        $env:HOME = "$TestDrive/home"
        $null = New-Item -ItemType Directory "$env:HOME/.ssh/conf.d", "$env:HOME/more"
        Set-Content "$env:HOME/.ssh/config" @'
# Host commented
Include conf.d/*.conf ~/more/one
include "~/more/two"  missing/*
Host web1 web2 *.example.com !web3 db?
    HostName 192.0.2.1
host=equal
HOST "quoted"
Match host matched
    User admin
Host -oProxyCommand=evil
'@
        Set-Content "$env:HOME/.ssh/conf.d/a.conf" "Host from-a`nInclude conf.d/a.conf"
        Set-Content "$env:HOME/.ssh/conf.d/b.txt" 'Host from-b'
        Set-Content "$env:HOME/more/one" 'Host from-one'
        Set-Content "$env:HOME/more/two" 'Host from-two'
        Set-Content "$env:HOME/.ssh/known_hosts" @'
# Host commented
known1,192.0.2.7 ssh-ed25519 AAAA
|1|aGFzaGVk|aGFzaGVk ssh-ed25519 AAAA
[known2]:2222 ssh-ed25519 AAAA
[2001:db8::1]:22 ssh-ed25519 AAAA
2001:db8::2 ssh-ed25519 AAAA
@cert-authority *.example.org ssh-ed25519 AAAA
@revoked revoked ssh-ed25519 AAAA
*.pattern ssh-ed25519 AAAA
web1 ssh-ed25519 AAAA
'@
    }

    AfterAll { $env:HOME = $before }

    It 'offers the hosts that ssh knows: <_>' -ForEach 'Send-ItemZeroCopy', 'Receive-ItemZeroCopy' {
        $offered = Get-Completion "$_ file -HostName "
        $offered.ListItemText | Should -Be @(
            'from-a', 'from-one', 'from-two', 'web1', 'web2', 'equal', 'quoted'
            'known1', '192.0.2.7', 'known2:2222', '[2001:db8::1]:22', '2001:db8::2')
        ($offered | Where-Object ListItemText -EQ from-a).ToolTip | Should -Be "Host of $env:HOME/.ssh/conf.d/a.conf"
        ($offered | Where-Object ListItemText -EQ known1).ToolTip | Should -Be "Known host of $env:HOME/.ssh/known_hosts"
    }

    It 'offers what PowerShell reads as the name' {
        foreach ($offer in Get-Completion 'Send-ItemZeroCopy file -HostName ') {
            $text = "Write-Output $($offer.CompletionText)"
            & ([scriptblock]::Create($text)) | Should -BeExactly $offer.ListItemText
        }
    }

    It 'keeps the user, and goes on behind a comma' {
        (Get-Completion 'Send-ItemZeroCopy file -HostName root@we').CompletionText | Should -Be root@web1, root@web2
        (Get-Completion 'Send-ItemZeroCopy file -HostName web1, eq').CompletionText | Should -Be equal
    }

    It 'offers no host where ssh knows none' {
        $env:HOME = "$TestDrive/nowhere"
        try { (Get-Completion 'Send-ItemZeroCopy file -HostName ').ToolTip | Should -Not -Match 'ost of' } finally { $env:HOME = "$TestDrive/home" }
    }
}
