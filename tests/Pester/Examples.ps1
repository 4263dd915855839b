# Runs the examples of the help and of the README. Their tests dot-source it in their BeforeAll, after Common.ps1.

# What the examples assume to be there, and variables that one has from before. Reflinks are not possible everywhere: then
# the example's error is expected.
function Invoke-Example([string] $Code, [hashtable] $Variable = @{}) {
    $folder = New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid()))
    Push-Location $folder
    try {
        $null = New-Item -ItemType Directory backup
        $image = [IO.File]::Create("$folder/disk.img")
        $image.Write((Get-TestByte 4000000))
        $image.SetLength(16MB)
        $image.Dispose()
        [IO.File]::WriteAllBytes("$folder/header.bin", (Get-TestByte 20000))
        Copy-Item header.bin part.bin
        Set-Content web.log, mail.log 'a line'
        $null = New-Item -ItemType Directory mirror, site, site/img
        Set-Content site/index.html, site/main.css, site/access.log, site/img/logo.svg ('a line' * 500)
        $null = New-Item -ItemType SymbolicLink site/home.html -Target index.html
        $null = New-Item -ItemType HardLink site/start.html -Target site/index.html
        Set-Content hosts.txt web1, web2, web3
        $before = @(Get-ChildItem -Recurse $folder).Count
        $ErrorActionPreference = 'Continue'
        foreach ($name in $Variable.Keys) { Set-Variable $name $Variable[$name] }
        $output = & ([scriptblock]::Create($Code)) 2>&1
        $problems = @($output | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
        $allowed = if ($Code -match '-Method Reflink|-Reflink Always') { 'MethodNotPossible,*' } else { 'none' }
        $problems | Where-Object FullyQualifiedErrorId -NotLike $allowed | Should -BeNullOrEmpty
        [pscustomobject]@{ Output = @($output); NewItems = @(Get-ChildItem -Recurse $folder).Count - $before }
    }
    finally {
        Pop-Location
    }
}
